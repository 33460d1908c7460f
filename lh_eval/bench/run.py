"""Run a workload: check the kernels, then measure case by case; what cannot be measured is told and left out."""

import contextlib
import gc
import sys
from typing import NamedTuple

import torch
from tqdm import tqdm

from lh_eval.attention.operator import stages
from lh_eval.bench.agreement import check_kernels
from lh_eval.bench.environment import Environment, environment_on
from lh_eval.bench.inputs import Inputs, input_sets
from lh_eval.bench.providers import IMPL, calls, contender
from lh_eval.bench.timing import extra_bytes, median_ms
from lh_eval.bench.workload import LIGHTHOUSE, SDPA_ON_S, Case, Workload
from lh_eval.errors import InputError
from lh_eval.store.measurements import Measurement, MeasurementFile


class Measured(NamedTuple):
    """What a run measured.

    measurements: in the order of the workload.
    failed: measurements, or their stages, that could not be made.
    """

    measurements: list[Measurement]
    failed: int


def run(workload: Workload, file: MeasurementFile) -> Measured:
    """Measure every case of a workload and append each to the file.

    A case that runs out of memory, or that the provider cannot run, gives a line on stderr and no row.

    Raises:
        InputError: the kernels disagree with the reference on this device; nothing is timed then.
    """
    measured = Measured([], 0)
    with torch.cuda.device(workload.device) if workload.device.type == "cuda" else contextlib.nullcontext():
        if LIGHTHOUSE in workload.providers:
            check_kernels(workload)
        environment = environment_on(workload.device, workload.commit)
        with tqdm(list(workload.cases()), unit="measurement", leave=False) as bar:
            for case in bar:
                bar.set_description(str(case))
                measured = _add(measured, case, workload, environment, file)
    return measured


def _add(
    measured: Measured, case: Case, workload: Workload, environment: Environment, file: MeasurementFile
) -> Measured:
    failed = measured.failed
    try:
        measurement = measure(case, workload, environment)
    except (RuntimeError, MemoryError, InputError) as error:  # torch's out of memory is a RuntimeError
        _warn(f"skipped {case}", error)
        return measured._replace(failed=failed + 1)
    finally:
        _free(workload.device)
    if case.provider in IMPL:
        try:
            measurement = measurement._replace(stages=time_stages(case, workload))
        except (RuntimeError, MemoryError, InputError) as error:
            _warn(f"no stages of {case}", error)
            failed += 1
        finally:
            _free(workload.device)
    file.append(measurement)
    return Measured([*measured.measurements, measurement], failed)


def measure(case: Case, workload: Workload, environment: Environment) -> Measurement:
    """Time a case; the measurement has no stages yet.

    Raises:
        RuntimeError: it runs out of memory, or nothing runs it.
        InputError: the operator does not run it.
    """
    sets = _sets(case, workload)
    found = contender(case, workload, sets)
    ready = calls(found.forward, sets)
    with found.chosen():
        ms = median_ms(ready, workload.device, workload.repetition)
        extra = extra_bytes(ready[0], workload.device)  # after the warm-up: tuning holds memory of its own
    config = workload.config(case.k) if case.k is not None else None
    return Measurement(
        **environment._asdict(),
        provider=case.provider,
        kernel=found.kernel,
        mode=case.mode,
        N=case.tokens,
        k=case.k,
        scorer=config.scorer if config and case.provider in IMPL else None,
        levels=config.num_levels if config else None,
        pooling=config.pooling_factor if config else None,
        selection=config.selection if config else None,
        tile_k=config.tile_k if config and config.selection == "chunked" else None,
        batch=workload.batch,
        heads=workload.heads,
        kv_heads=workload.kv_heads,
        head_dim=workload.head_dim,
        dtype=str(workload.dtype).removeprefix("torch."),
        ms=ms,
        extra_bytes=extra,
        stages={},
        rope=config.rope if config and case.provider in IMPL else None,
        combine=config.combine if config and case.provider in IMPL else None,
    )


def time_stages(case: Case, workload: Workload) -> dict[str, float]:
    """Milliseconds of each stage alone, on one set of inputs; the repeats' budget is shared among them."""
    assert case.k is not None
    q, k, v, grad = _sets(case, workload)[0]
    parts = stages(
        q.detach(),
        k.detach(),
        v.detach(),
        workload.config(case.k),
        impl=IMPL[case.provider],
        grad=grad,
        rotary=workload.rotary(),
    )
    shared = workload.repetition._replace(seconds=workload.repetition.seconds / len(parts))
    return {name: median_ms([call], workload.device, shared) for name, call in parts.items()}


def _sets(case: Case, workload: Workload) -> list[Inputs]:
    backward = case.mode != "fwd"
    if case.provider == SDPA_ON_S:  # gathered keys differ between query heads: there is no grouping left
        return input_sets(workload, workload.gathered(case), workload.heads, backward=backward)
    return input_sets(workload, case.tokens, workload.kv_heads, backward=backward)


def _warn(what: str, error: Exception) -> None:
    reason = " ".join((str(error) or type(error).__name__).split())
    tqdm.write(f"lh-eval: warning: {what}: {reason[:300]}", file=sys.stderr)


def _free(device: torch.device) -> None:
    """Give the GPU's memory back; what one measurement left in the allocator must not make the next fail."""
    if device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
