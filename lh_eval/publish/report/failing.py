"""Samples that failed, and what became of their needles."""

import dataclasses
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lh_eval.publish.report.prompts import PromptExcerpt, Prompts
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 600  # characters of a prediction


@dataclasses.dataclass(frozen=True)
class Shown:
    """One sample as the page shows it.

    Attributes:
        length: tokens of the prompt.
        depth: asked for, in percent.
        trial: number within the cell.
        answer: the right one.
        prediction: what the model said; None where the sample failed to run.
        score: 0 to 1; None where it failed to run.
        error: why it did.
        lost: which heads dropped the needle, or why that is not known.
        prompt: the prompt.
    """

    length: int
    depth: float
    trial: int
    answer: str | None
    prediction: str | None
    score: float | None
    error: str | None
    lost: str
    prompt: PromptExcerpt


def is_failing(frame: "pd.DataFrame") -> "pd.Series[bool]":
    """Which rows have less than the full score, or an error."""
    return frame["error"].notna() | (frame["score"] < 1)


def failing_samples(run: Run, prompts: Prompts, most: int) -> list[Shown]:
    """At most `most` failing samples of a run by length, depth and trial; from as many cells as there are."""
    rows = run.frame[is_failing(run.frame)]
    # the first failing trial of every cell, then the second
    rank = rows.groupby(["length", "depth"]).cumcount()
    chosen = rows.assign(rank=rank).sort_values(["rank", "length", "depth"], kind="stable").head(most)
    ordered = chosen.sort_values(["length", "depth", "trial"])
    return [shown(run, row, prompts) for row in ordered.to_dict(orient="records")]


def shown(run: Run, row: Mapping[Any, Any], prompts: Prompts) -> Shown:
    """A row as the page shows it."""
    prediction = _known(row["prediction"])
    if prediction is not None and len(prediction) > _LONGEST:
        prediction = f"{prediction[:_LONGEST]} …"
    return Shown(
        length=int(row["length"]),
        depth=float(row["depth"]),
        trial=int(row["trial"]),
        answer=_known(row["answer"]),
        prediction=prediction,
        score=_known(row["score"]),
        error=_known(row["error"]),
        lost=lost_text(_known(row["selection_recall"]), _known(row["dropped"]), without=_why_unknown(run, row)),
        prompt=prompts.of_row(run.config, row),
    )


def _why_unknown(run: Run, row: Mapping[Any, Any]) -> str:
    """Why a row has no selection recall."""
    if _known(row["error"]) is not None:
        return "not known: the sample failed to run"
    if run.config.get("attention") is None:
        return "none: attention was dense"
    if not row["needle_end"] > row["needle_start"]:
        return "none: the sample has no needle"
    return "not known: the setting selects nothing that could be told"


def lost_text(recall: float | None, dropped: tuple[tuple[int, tuple[int, ...]], ...] | None, *, without: str) -> str:
    """Which heads dropped the needle, as `layers 2–4: heads 0–3, 5`; or why there is nothing to say.

    Args:
        recall: the row's selection recall.
        dropped: the heads, by layer.
        without: why there is no recall, where there is none.
    """
    if recall is None:
        return without
    if dropped is None:
        return f"selection recall {recall:.2f}; which heads dropped it was not yet kept when this run was made"
    if not dropped:
        return "none: every head of every Lighthouse layer held the whole needle"
    parts = []
    # layers in a row that lost the same heads are named together
    for (_, heads), group in groupby(enumerate(dropped), key=lambda item: (item[1][0] - item[0], item[1][1])):
        layers = tuple(layer for _, (layer, _) in group)
        parts.append(f"layer{'s' * (len(layers) > 1)} {_ranges(layers)}: head{'s' * (len(heads) > 1)} {_ranges(heads)}")
    return f"{'; '.join(parts)} (selection recall {recall:.2f})"


def _ranges(numbers: tuple[int, ...]) -> str:
    parts = []
    for _, group in groupby(enumerate(numbers), key=lambda item: item[1] - item[0]):
        members = [number for _, number in group]
        parts.append(str(members[0]) if len(members) == 1 else f"{members[0]}–{members[-1]}")
    return ", ".join(parts)


def _known(value: Any) -> Any:
    """None for what a table of rows has as NaN or NA."""
    import pandas as pd

    return None if not isinstance(value, tuple) and pd.isna(value) else value
