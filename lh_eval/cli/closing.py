"""What `lh-eval niah` prints at its end: each setting's rate and selection recall, what was lost, and what failed."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lh_eval.analysis.lost import Lost
    from lh_eval.runs.run import Finished
    from lh_eval.store.run import Run

_SCORER = "pooled-qk"  # which holds the most of a needle at about the cost of `norm`: docs/reproduce.md


def closing_lines(finished: "Finished") -> Iterator[str]:
    """A line or two for each setting, two for what Lighthouse loses of what dense finds, and those for what failed."""
    from lh_eval.lengths import length_label
    from lh_eval.store.sweep import is_sweep, read_sweep

    width = max(len(name) for name in finished.metrics)
    for name, values in finished.metrics.items():
        yield f"{name:<{width}}  retrieval rate {_rate(values)}"
        # by length: where a budget gathers everything it is 1, and a mean over such lengths says nothing
        recalls = [f"{length_label(length)} {recall}" for length, recall in recall_by_length(values).items()]
        if recalls:
            yield f"{'':<{width}}  selection recall {', '.join(recalls)}"
    if is_sweep(finished.path):
        runs = read_sweep(finished.path).runs
        yield from lost_lines({name: run for name, run in runs.items() if name in finished.metrics})
    if finished.first_error is not None:
        yield f"failed: {finished.failed}, the first with {finished.first_error}; the same command tries them again"
    yield from invalid_lines(finished)


def invalid_lines(finished: "Finished") -> Iterator[str]:
    """A line for each reason for which samples were refused rather than scored."""
    for reason, count in finished.invalid.items():
        yield f"not valid, so not scored: {count}; {reason}"


def recall_by_length(metrics: dict[str, Any]) -> dict[int, str]:
    """Mean selection recall of each length as text, from what metrics.json holds; none where dense.

    Depth 0, where scorers may keep what they keep nowhere else, stands apart where it is not as the others are.
    """
    first: dict[int, list[float]] = {}
    others: dict[int, list[float]] = {}
    for cell in metrics["cells"]:
        if cell["selection_recall"] is not None:
            (others if cell["depth"] else first).setdefault(cell["length"], []).append(cell["selection_recall"])
    texts = {}
    for length in sorted({*first, *others}):
        at_first, elsewhere = (f"{fmean(own[length]):.3f}" if length in own else "" for own in (first, others))
        apart = f" (at depth 0 {at_first})" if at_first and elsewhere and at_first != elsewhere else ""
        texts[length] = f"{elsewhere or at_first}{apart}"
    return texts


def lost_lines(runs: "Mapping[str, Run]") -> Iterator[str]:
    """What Lighthouse settings lose of what dense finds, by length, and what to try; nothing where nothing is lost.

    Args:
        runs: the settings' by name.
    """
    from lh_eval.analysis.lost import lost_by_length

    attentions = {name: run.config.get("attention") for name, run in runs.items()}
    ours = {name: own for name, own in attentions.items() if isinstance(own, dict) and {"k", "scorer"} <= own.keys()}
    lost = {name: own for name, own in lost_by_length(runs).items() if name in ours}
    selected = {name: parts for name, own in lost.items() if (parts := _lengths(own))}
    if selected:
        said = "; ".join(f"{name} {parts}" for name, parts in selected.items())
        tried = any(own["scorer"].split(":")[0] == _SCORER for own in ours.values())
        larger = f"a k above {max(ours[name]['k'] for name in selected)}"
        yield f"lost of the needles that dense finds: {said}"
        yield f"to try: {larger if tried else f'--scorer {_SCORER}, or {larger}'}"
    elif lost:
        said = "; ".join(f"{name} {_first_lengths(own)}" for name, own in lost.items())
        yield f"lost at depth 0 alone, of the needles that dense finds: {said}"
        yield "to try: --attention lighthouse:cover_prefix=true; the first positions may be empty, whatever the scorer"


def _lengths(lost: "Mapping[int, Lost]") -> str:
    """`16K 5 of 12 (and 2 of 2 at depth 0)` of each length that loses some at a depth above 0."""
    from lh_eval.lengths import length_label

    return ", ".join(
        f"{length_label(length)} {own.lost} of {own.found}"
        + (f" (and {own.lost_first} of {own.found_first} at depth 0)" if own.lost_first else "")
        for length, own in lost.items()
        if own.lost
    )


def _first_lengths(lost: "Mapping[int, Lost]") -> str:
    from lh_eval.lengths import length_label

    return ", ".join(f"{length_label(length)} {own.lost_first} of {own.found_first}" for length, own in lost.items())


def _rate(values: dict[str, Any]) -> str:
    if values["mean_rate"] is None:
        return "no sample could be run"
    line = f"{values['mean_rate']:.3f}  95% CI {values['ci_low']:.3f} to {values['ci_high']:.3f}  n={values['n']}"
    return f"{line}  failed {values['errors']}" if values["errors"] else line
