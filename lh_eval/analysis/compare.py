"""Two settings or checkpoints on the same samples: how much better is one, and is it more than chance?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.compare_samples import by_samples
from lh_eval.analysis.compare_trainings import by_trainings
from lh_eval.analysis.comparison import Comparison
from lh_eval.analysis.pairing import align, as_asked, with_canonical_tasks
from lh_eval.errors import InputError
from lh_eval.statistics import mcnemar_exact

if TYPE_CHECKING:
    import pandas as pd


def compare(
    a: "pd.DataFrame | Sequence[pd.DataFrame]",
    b: "pd.DataFrame | Sequence[pd.DataFrame]",
    *,
    level: float = 0.95,
    paired: bool = False,
    questions: int = 1,
    seed: int = 0,
) -> Comparison:
    """Compare B with A on the samples that all runs have.

    One run a side: the samples are what varies. A cell has Newcombe's interval of paired rates and McNemar's exact
    p-value, Holm over the cells beside it; the mean over the grid has the cluster bootstrap's interval and McNemar's
    exact p-value over all samples. Several runs a side, of one recipe trained with several seeds: the trainings are
    what varies; see `compare_trainings`.

    Args:
        a: rows of the run that is the baseline, or of several.
        b: rows of the run, or runs, set against it.
        level: confidence level.
        paired: the n-th run of both sides share their training seed.
        questions: trials in a row that ask about one context, as the task's `questions`; they vary together, as do
            the samples of a trial at all depths of a length.
        seed: of the bootstrap.

    Raises:
        InputError: the runs are of different tasks (one raw and one in a chat template are the same), asked different
            questions, or have no sample in common.
    """
    given: list[list[Any]] = [[side] if hasattr(side, "columns") else list(side) for side in (a, b)]
    sides = [list(map(with_canonical_tasks, frames)) for frames in given]
    asked = as_asked([*sides[0], *sides[1]])
    own_prompts = _prompts_differ([*sides[0], *sides[1]], asked)
    sides = [asked[: len(sides[0])], asked[len(sides[0]) :]]
    _check_tasks([*sides[0], *sides[1]])
    joined = align([*sides[0], *sides[1]])
    if joined.empty:
        raise InputError("compared runs must have samples in common, got none; run both on one grid")
    first, second = list(range(len(sides[0]))), list(range(len(sides[0]), len(sides[0]) + len(sides[1])))
    if len(first) == len(second) == 1:
        compared = by_samples(joined, level=level, questions=questions, seed=seed)
    else:
        compared = by_trainings(joined, first, second, paired=paired, level=level)
    alone = [sum(len(side) - len(joined) for side in runs) for runs in sides]
    if any(alone):
        left_out = f"left out, as not every run has an answer: {alone[0]} samples of A's, {alone[1]} of B's"
        compared = compared._replace(notes=[*compared.notes, left_out])
    if own_prompts:
        note = "paired by what is asked: a chat template makes its prompts"
        compared = compared._replace(notes=[*compared.notes, note])
    return compared


def difference(frame: "pd.DataFrame", baseline: "pd.DataFrame") -> dict[str, Any] | None:
    """What sweep.json keeps of a comparison; None where the two have no sample in common.

    Args:
        frame: rows of one setting.
        baseline: rows of the setting that it is compared with, usually dense.

    Returns:
        `mean` over cells of the difference of rates, `pairs` samples that both have, `gained` of them that only
        `frame` got right, `lost` that only `baseline` did, and McNemar's exact `p_value`.

    Raises:
        InputError: the two asked different questions under the same key.
    """
    pairs = align([with_canonical_tasks(baseline), with_canonical_tasks(frame)])
    if pairs.empty:
        return None
    change = pairs[1] - pairs[0]
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    return {
        "mean": float(change.groupby([pairs["length"], pairs["depth"]]).mean().mean()),
        "pairs": len(pairs),
        "gained": gained,
        "lost": lost,
        "p_value": mcnemar_exact(gained, lost),
    }


def _prompts_differ(frames: "Sequence[pd.DataFrame]", asked: "Sequence[pd.DataFrame]") -> bool:
    """Whether rows are joined by what is asked and have other prompts."""
    if all(before is after for before, after in zip(frames, asked, strict=True)):
        return False
    first, *others = (set(frame["prompt_sha256"]) for frame in frames)
    return any(other != first for other in others)


def _check_tasks(frames: "Sequence[pd.DataFrame]") -> None:
    tasks = sorted({task for frame in frames for task in frame["task"].unique()})
    if len(tasks) > 1:
        raise InputError(f"compared runs must be of one task, got {', '.join(tasks)}; run both on one")
    if not tasks:
        raise InputError("compared runs must have samples, got none; run some first")
