"""Run a plan: check the kernels, then measure case by case; what cannot be measured is told and left out."""

import contextlib
import gc
import sys
from typing import NamedTuple

import torch
from tqdm import tqdm

from lh_eval.attention.operator import stages
from lh_eval.bench.agreement import check_kernels
from lh_eval.bench.inputs import Inputs, input_sets
from lh_eval.bench.origin import Origin, origin_on
from lh_eval.bench.plan import LIGHTHOUSE, SDPA_ON_S, Case, Plan
from lh_eval.bench.providers import IMPL, calls, contender
from lh_eval.bench.table import Row, Table
from lh_eval.bench.timing import extra_bytes, median_ms
from lh_eval.errors import InputError


class Finished(NamedTuple):
    """What a run measured.

    rows: in the order of the plan.
    kernels: the dense attention that ran, of each row; empty for Lighthouse.
    failed: measurements, or their stages, that could not be made.
    """

    rows: list[Row]
    kernels: list[str]
    failed: int


def run(plan: Plan, table: Table) -> Finished:
    """Measure every case of a plan and append each to the table.

    A case that runs out of memory, or that the provider cannot run, gives a line on stderr and no row.

    Raises:
        InputError: the kernels disagree with the reference on this device; nothing is timed then.
    """
    finished = Finished([], [], 0)
    with torch.cuda.device(plan.device) if plan.device.type == "cuda" else contextlib.nullcontext():
        if LIGHTHOUSE in plan.providers:
            check_kernels(plan)
        origin = origin_on(plan.device, plan.commit)
        with tqdm(list(plan.cases()), unit="measurement", leave=False) as bar:
            for case in bar:
                bar.set_description(str(case))
                finished = _add(finished, case, plan, origin, table)
    return finished


def _add(finished: Finished, case: Case, plan: Plan, origin: Origin, table: Table) -> Finished:
    failed = finished.failed
    try:
        row, kernel = measure(case, plan, origin)
    except (RuntimeError, MemoryError, InputError) as error:  # torch's out of memory is a RuntimeError
        _warn(f"skipped {case}", error)
        return finished._replace(failed=failed + 1)
    finally:
        _free(plan.device)
    if case.provider in IMPL:
        try:
            row = row._replace(stages=time_stages(case, plan))
        except (RuntimeError, MemoryError, InputError) as error:
            _warn(f"no stages of {case}", error)
            failed += 1
        finally:
            _free(plan.device)
    table.append(row)
    return Finished([*finished.rows, row], [*finished.kernels, kernel], failed)


def measure(case: Case, plan: Plan, origin: Origin) -> tuple[Row, str]:
    """Time a case; the row has no stages yet. The dense attention that ran comes with it.

    Raises:
        RuntimeError: it runs out of memory, or nothing runs it.
        InputError: the operator does not run it.
    """
    sets = _sets(case, plan)
    found = contender(case, plan, sets)
    ready = calls(found.forward, sets)
    with found.chosen():
        ms = median_ms(ready, plan.device, plan.pace)
        extra = extra_bytes(ready[0], plan.device)  # after the warm-up: tuning holds memory of its own
    row = Row(
        *origin,
        *case,
        batch=plan.batch,
        heads=plan.heads,
        kv_heads=plan.kv_heads,
        head_dim=plan.head_dim,
        levels=plan.levels if case.k is not None else None,
        pooling=plan.pooling if case.k is not None else None,
        dtype=str(plan.dtype).removeprefix("torch."),
        ms=ms,
        extra_bytes=extra,
        stages={},
    )
    return row, found.kernel


def time_stages(case: Case, plan: Plan) -> dict[str, float]:
    """Milliseconds of each stage alone, on one set of inputs; the repeats' budget is shared among them."""
    assert case.k is not None
    q, k, v, grad = _sets(case, plan)[0]
    parts = stages(q.detach(), k.detach(), v.detach(), plan.config(case.k), impl=IMPL[case.provider], grad=grad)
    pace = plan.pace._replace(seconds=plan.pace.seconds / len(parts))
    return {name: median_ms([call], plan.device, pace) for name, call in parts.items()}


def _sets(case: Case, plan: Plan) -> list[Inputs]:
    backward = case.mode != "fwd"
    if case.provider == SDPA_ON_S:  # gathered keys differ between query heads: there is no grouping left
        return input_sets(plan, plan.gathered(case), plan.heads, backward=backward)
    return input_sets(plan, case.tokens, plan.kv_heads, backward=backward)


def _warn(what: str, error: Exception) -> None:
    reason = " ".join((str(error) or type(error).__name__).split())
    tqdm.write(f"lh-eval: warning: {what}: {reason[:300]}", file=sys.stderr)


def _free(device: torch.device) -> None:
    """Give the GPU's memory back; what one measurement left in the allocator must not make the next fail."""
    if device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
