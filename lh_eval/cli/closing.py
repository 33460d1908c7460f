"""What `lh-eval niah` prints at its end: each setting's rate, its selection recall by length, and what failed."""

from collections.abc import Iterator
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lh_eval.runs.run import Finished


def closing_lines(finished: "Finished") -> Iterator[str]:
    """A line or two for each setting, and one for what failed."""
    from lh_eval.lengths import length_label

    width = max(len(name) for name in finished.metrics)
    for name, values in finished.metrics.items():
        yield f"{name:<{width}}  retrieval rate {_rate(values)}"
        # by length: where a budget gathers everything it is 1, and a mean over such lengths says nothing
        recalls = [f"{length_label(length)} {recall:.3f}" for length, recall in recall_by_length(values).items()]
        if recalls:
            yield f"{'':<{width}}  selection recall {', '.join(recalls)}"
    if finished.first_error is not None:
        yield f"failed: {finished.failed}, the first with {finished.first_error}; the same command tries them again"


def recall_by_length(metrics: dict[str, Any]) -> dict[int, float]:
    """Mean selection recall over the cells of each length, from what metrics.json holds; none where dense."""
    by_length: dict[int, list[float]] = {}
    for cell in metrics["cells"]:
        if cell["selection_recall"] is not None:
            by_length.setdefault(cell["length"], []).append(cell["selection_recall"])
    return {length: fmean(recalls) for length, recalls in by_length.items()}


def _rate(values: dict[str, Any]) -> str:
    if values["mean_rate"] is None:
        return "no sample could be run"
    line = f"{values['mean_rate']:.3f}  95% CI {values['ci_low']:.3f} to {values['ci_high']:.3f}  n={values['n']}"
    return f"{line}  failed {values['errors']}" if values["errors"] else line
