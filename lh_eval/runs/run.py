"""A checkpoint on a grid under one or several settings, written to disk as it goes."""

import contextlib
import hashlib
import json
import logging
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from tqdm import tqdm

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.sweep import sweep_summary
from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.engine.guards import by_reason
from lh_eval.engine.rows import iterate_rows
from lh_eval.interrupts import resumable, stop_if_asked
from lh_eval.methods.base import Method
from lh_eval.modeling.settling import Settling
from lh_eval.runs.checking import check_settings
from lh_eval.runs.grid import Grid
from lh_eval.runs.identity import deciding_config
from lh_eval.runs.setting import Setting, resolve_setting, side_by_side
from lh_eval.runs.stopping import due
from lh_eval.spec import slug
from lh_eval.store.digest import DIGESTS
from lh_eval.store.folder import PROVENANCE, RunFolder, check_folder
from lh_eval.store.rows import Key, Row
from lh_eval.store.sweep import check_sweep, only_writer, read_settings, write_sweep
from lh_eval.tasks.base import get_task

_log = logging.getLogger(__name__)


class Finished(NamedTuple):
    """A finished run or sweep.

    path: its folder.
    metrics: what metrics.json of each setting holds, by setting name.
    first_error: why the first sample that could not be run failed; None where none did.
    invalid: how many of those were refused for what they are, by the reason, each told by its first sample.
    """

    path: Path
    metrics: dict[str, dict[str, Any]]
    first_error: str | None
    invalid: Mapping[str, int] = MappingProxyType({})

    @property
    def failed(self) -> int:
        """Samples that could not be run."""
        return sum(values["errors"] for values in self.metrics.values())


def run(
    checkpoint: Checkpoint,
    grid: Grid,
    settings: Sequence[Setting | Method | str],
    out: str | Path | None = None,
    *,
    batch_size: int | None = None,
    beyond_positions: bool = False,
    label: str | None = None,
    settling: Settling | None = None,
) -> Finished:
    """Run each setting on the grid; a folder that holds part of the same run is completed.

    Args:
        checkpoint: what to evaluate.
        grid: the samples.
        settings: settings or their specs; one writes into `out` itself, several into a folder each below it.
        out: the folder; None is one below `runs/` named after the checkpoint, the task and the configuration.
        batch_size: samples at once; what memory holds if None.
        beyond_positions: run samples that take more positions than the model has, instead of refusing them.
        label: what tables and figures call the checkpoint; its name if None. A run that is gone on with keeps its own.
        settling: how settling depths are taken of each answer's tokens; None for none.

    Raises:
        InputError: the grid cannot be built, a setting does not fit the model, or `out` holds something else; no
            sample was run then.
        Interrupted: the user stopped it; all but the batch in flight is in the folder.
    """
    settings = side_by_side([resolve_setting(one, checkpoint.defaults) for one in settings], checkpoint.defaults)
    names = [setting.name for setting in settings]
    check_settings(checkpoint, grid, settings, beyond_positions=beyond_positions, settling=settling)
    decides = {setting.name: deciding_config(checkpoint, grid, setting, settling) for setting in settings}
    out = Path(out) if out is not None else Path("runs") / _folder_name(checkpoint, grid, list(decides.values()))
    single = len(settings) == 1
    if single:
        check_folder(out, decides[names[0]])
    else:
        check_sweep(out, decides)
    configs = {
        setting.name: decides[setting.name] | {PROVENANCE: _provenance(checkpoint, grid, setting, batch_size, label)}
        for setting in settings
    }

    with contextlib.ExitStack() as stack:
        # all of them before the first sample: what one of them refuses is then no surprise after hours
        folders = {name: out if single else out / name for name in names}
        runs = {name: stack.enter_context(RunFolder.open(folders[name], configs[name])) for name in names}
        with resumable(f"what was done is in {out}; the same command goes on from there"):
            metrics = _run_all(checkpoint, grid, settings, runs, batch_size, settling)
        errors = [row.error for run in runs.values() for row in run.rows() if row.error]
    if not single:
        with only_writer(out):
            write_sweep(out, sweep_summary(read_settings(out, names)))
    return Finished(out, metrics, errors[0] if errors else None, by_reason(errors))


def _provenance(
    checkpoint: Checkpoint, grid: Grid, setting: Setting, batch_size: int | None, label: str | None
) -> dict[str, Any]:
    on_gpu = checkpoint.model.device.type == "cuda"
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": torch.cuda.get_device_name()
        if on_gpu
        else f"{platform.machine()}, {torch.get_num_threads()} threads",
        "batch_size": batch_size or "by memory",
        DIGESTS: True,
        **({"label": label} if label else {}),
        # what pairs trainings of different recipes; None where the checkpoint does not say
        "training_seed": checkpoint.defaults.training.get("seed"),
        **_measured(checkpoint, grid, setting),
    }


def _measured(checkpoint: Checkpoint, grid: Grid, setting: Setting) -> dict[str, Any]:
    """What the method measures of the model, on the first sample's prompt."""
    sample = get_task(grid.task).sample(
        checkpoint.tokenizer, length=grid.lengths[0], depth=grid.depths[0], trial=0, seed=grid.seed
    )
    return setting.method.measure(checkpoint.model, torch.tensor([sample.context_ids]), checkpoint.name)


def _run_all(
    checkpoint: Checkpoint,
    grid: Grid,
    settings: Sequence[Setting],
    runs: Mapping[str, RunFolder],
    batch_size: int | None,
    settling: Settling | None,
) -> dict[str, dict[str, Any]]:
    """Complete the settings' folders; returns what each one's metrics.json holds."""
    metrics = {}
    bar = _progress(_tokens(grid) * len(settings), sum(_tokens(run.completed()) for run in runs.values()))
    with bar:
        for setting in settings:
            bar.set_description(setting.name)
            run, started, count = runs[setting.name], time.perf_counter(), 0
            try:
                for row in _rounds(checkpoint, grid, setting, run, batch_size, settling, bar):
                    run.append(row)
                    bar.update(row.length)
                    count += 1
                    stop_if_asked()
            finally:
                metrics[setting.name] = metrics_of(run.as_run())
                run.finish(metrics[setting.name])
            _log.info("%s: %d samples in %.1f s", setting.name, count, time.perf_counter() - started)
    return metrics


def _progress(total: int, done: int) -> "tqdm[Any]":
    """A bar over prompt tokens: a sample of 16K takes many times one of 1K, so that samples would promise too much."""
    return tqdm(
        total=total,
        initial=done,
        unit="token",
        unit_scale=True,
        smoothing=0,  # the mean so far: a batch's rows come at once
        dynamic_ncols=True,
        disable=not _log.isEnabledFor(logging.WARNING),
    )


def _rounds(
    checkpoint: Checkpoint,
    grid: Grid,
    setting: Setting,
    run: RunFolder,
    batch_size: int | None,
    settling: Settling | None,
    bar: "tqdm[Any]",
) -> Iterator[Row]:
    """The rows that a setting's run lacks, in rounds: all cells that are due more trials get them together."""
    whole, planned = grid.at_most(), _tokens(grid)
    tried: set[Key] = run.completed()
    while waiting := set(due(grid, (row for row in run.rows() if row.key in tried))) - tried:
        due_now = _tokens(tried | waiting)
        bar.total = (bar.total or 0) + due_now - planned
        planned = due_now
        yield from iterate_rows(
            checkpoint.model,
            checkpoint.tokenizer,
            [key for key in whole if key in waiting],
            setting.method,
            reading=setting.reading,
            seed=grid.seed,
            batch_size=batch_size,
            depth_tolerance=grid.depth_tolerance,
            settling=settling,
        )
        tried |= waiting


def _tokens(keys: Iterable[Key]) -> int:
    """Prompt tokens of samples."""
    return sum(length for _, length, _, _ in keys)


def _folder_name(checkpoint: Checkpoint, grid: Grid, decides: list[dict[str, Any]]) -> str:
    """The same configuration finds its folder again, another one never meets it."""
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:8]
    return f"{Path(checkpoint.name).name}-{slug(grid.task)}-{digest}"
