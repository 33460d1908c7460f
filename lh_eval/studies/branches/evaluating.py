"""Evaluates a kept checkpoint: as it was trained, under the other scorers, and dense."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lh_eval.checkpoints.loading import Checkpoint, load_checkpoint
from lh_eval.runs.grid import Grid
from lh_eval.runs.intervene import intervene
from lh_eval.runs.run import run
from lh_eval.runs.setting import resolve_setting, side_by_side
from lh_eval.spec import slug
from lh_eval.store.files import write_json
from lh_eval.store.sweep import DENSE
from lh_eval.studies.branches.plan import Cell

INTERVENED = "interventions"
_DONE = "evaluation.json"
_TOLERANCE = 100.0  # points: version 1 of the tasks takes a depth for a percent of the filler


class Samples(NamedTuple):
    """What a checkpoint is asked.

    tasks: task specs.
    length: the longest that was trained, which primary outcomes are of.
    others: further lengths.
    depths: in percent; the needle of depth 0 may lie where no entry covers it.
    trials: of a task, length and depth.
    seed: samples of a trunk have this plus the trunk's seed: the branches of a trunk share their prompts.
    """

    # the samples that the protocol was written for
    tasks: Sequence[str] = ("keyed:version=1", "keyed:records=64,version=1", "passkey:version=1")
    length: int = 16384
    others: Sequence[int] = (4096, 32768)
    depths: Sequence[float] = (15, 30, 50, 70, 85)
    trials: int = 4
    seed: int = 1000


class Reads(NamedTuple):
    """A part of an evaluation, in a folder of its name.

    name: of the folder.
    lengths: of the samples.
    settings: how they are read, as specs.
    reading: "prompt" or "context".
    tasks: of the samples; all if None.
    """

    name: str
    lengths: Sequence[int]
    settings: Sequence[str]
    reading: str = "prompt"
    tasks: Sequence[str] | None = None


def primary_reads(cell: Cell, scorers: Sequence[str], samples: Samples) -> list[Reads]:
    """The end of the Lighthouse stage: matched, crossed at the same k and rope, dense."""
    if cell.scorer is None:
        return [Reads("prompt", [samples.length], [DENSE])]
    crossed = [f"lighthouse:scorer={scorer}" for scorer in scorers if scorer != cell.scorer]
    return [Reads("prompt", [samples.length], [DENSE, "lighthouse", *crossed])]


def resumed_reads(cell: Cell, samples: Samples) -> list[Reads]:
    """After dense steps: as before them, and dense."""
    return [Reads("prompt", [samples.length], [DENSE] if cell.scorer is None else [DENSE, "lighthouse"])]


def intervened_reads(samples: Samples) -> list[Reads]:
    """Entries of needle, question and a sham span forced in and out of the own setting."""
    return [Reads(INTERVENED, [samples.length], ["lighthouse"], tasks=samples.tasks[:1])]


def further_reads(samples: Samples) -> list[Reads]:
    """The control, in which the question attends to the whole cache, and other lengths."""
    return [
        Reads("context", [samples.length], ["lighthouse"], "context"),
        Reads("lengths", samples.others, [DENSE, "lighthouse"]),
    ]


def evaluated(folder: Path, reads: Sequence[Reads]) -> bool:
    """Whether all parts are there without a sample that failed."""
    return all((folder / one.name / _DONE).exists() for one in reads)


def evaluate_kept(weights: Path, folder: Path, reads: Sequence[Reads], samples: Samples, seed: int) -> int:
    """Evaluate a checkpoint; what is there already is not run again.

    Args:
        weights: the checkpoint.
        folder: where its rows go.
        reads: what to run.
        samples: what to ask.
        seed: the trunk's.

    Returns:
        How many samples could not be run.
    """
    checkpoint = load_checkpoint(str(weights))
    failed = 0
    for one in reads:
        started = time.perf_counter()
        tasks = samples.tasks if one.tasks is None else one.tasks
        failures = sum(_run(checkpoint, folder / one.name, one, task, samples, seed) for task in tasks)
        if not failures:
            seconds = round(time.perf_counter() - started, 1)
            write_json(folder / one.name / _DONE, {"weights_sha256": checkpoint.sha256, "seconds": seconds})
        failed += failures
    return failed


def _run(checkpoint: Checkpoint, folder: Path, reads: Reads, task: str, samples: Samples, seed: int) -> int:
    grid = Grid(
        task=task,
        lengths=tuple(reads.lengths),
        depths=tuple(samples.depths),
        trials=samples.trials,
        seed=samples.seed + seed,
        depth_tolerance=_TOLERANCE,
    )
    if reads.name == INTERVENED:
        return intervene(checkpoint, grid, reads.settings[0], folder / slug(task)).failed
    settings = [resolve_setting(spec, checkpoint.defaults, reads.reading) for spec in reads.settings]
    out = folder / slug(task)
    if len(settings) == 1:  # a folder a setting, as in a sweep
        out = out / side_by_side(settings, checkpoint.defaults)[0].name
    return run(checkpoint, grid, settings, out).failed
