"""A setting's heatmaps: rows of cells, and the note that each shows."""

import dataclasses
from typing import Any

from lh_eval.analysis.cells import cells_of
from lh_eval.lengths import length_label
from lh_eval.publish.report.failing import Shown, is_failing, shown
from lh_eval.publish.report.prompts import Prompts
from lh_eval.store.run import Run


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of the grid.

    Attributes:
        key: names it within the page.
        length: tokens of the prompt.
        depth: in percent.
        rate: retrieval rate; None where no sample could be run.
        recall: mean selection recall; None where nothing was selected.
        lines: what is told of it.
        failing: samples with less than the full score, or an error.
        example: a failing sample, the first one if none fails; None where there is none.
    """

    key: str
    length: int
    depth: float
    rate: float | None
    recall: float | None
    lines: tuple[str, ...]
    failing: int
    example: Shown | None

    @property
    def title(self) -> str:
        """Such as `4K tokens, depth 50 %`."""
        return f"{length_label(self.length)} tokens, depth {self.depth:g} %"


def grid(run: Run, prompts: Prompts, prefix: str) -> list[list[Cell]]:
    """The cells of a run: a list a depth, in it a cell a length, both ascending."""
    frame = run.frame
    failing = is_failing(frame)
    rows: dict[float, list[Cell]] = {}
    for values in cells_of(run).to_dict(orient="records"):
        length, depth = int(values["length"]), float(values["depth"])
        here = (frame["length"] == length) & (frame["depth"] == depth)
        candidates = frame[here & failing] if (here & failing).any() else frame[here]
        example = next((shown(run, row, prompts) for row in candidates.head(1).to_dict(orient="records")), None)
        rows.setdefault(depth, []).append(
            Cell(
                key=f"{prefix}-{length}-{depth:g}",
                length=length,
                depth=depth,
                rate=_known(values["rate"]),
                recall=_known(values["selection_recall"]),
                lines=_lines(values, errors=int(frame[here]["error"].notna().sum())),
                failing=int((here & failing).sum()),
                example=example,
            )
        )
    return [rows[depth] for depth in sorted(rows)]


def _lines(values: dict[Any, Any], *, errors: int) -> tuple[str, ...]:
    lines = []
    if values["n"]:
        lines.append(f"retrieval rate {values['rate']:.2f}: {values['hits']:g} of n = {values['n']}")
        lines.append(f"95 % interval {values['ci_low']:.2f} to {values['ci_high']:.2f} (Wilson)")
    else:
        lines.append("no sample was run")
    if _known(values["selection_recall"]) is not None:
        lines.append(f"selection recall {values['selection_recall']:.2f}")
    if errors:
        lines.append(f"{errors} failed to run")
    return tuple(lines)


def _known(value: float) -> float | None:
    return None if value != value else value
