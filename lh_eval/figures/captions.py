"""What figures of settings show, in sentences that their tables alone decide: what is drawn, and means."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lh_eval.lengths import length_label, length_labels
from lh_eval.statistics import Correlation, mean_of_rates

if TYPE_CHECKING:
    import pandas as pd

_INTERVAL = "95 % Wilson interval at the number of trials that gives a plain rate the mean's variance"
_READINGS = {
    "prompt": "context and question are read under the setting",
    "context": "the context alone is read under the setting",
}


def means(cells: "pd.DataFrame") -> str:
    """Each setting's mean rate over its cells with its interval, in one sentence."""
    parts = []
    for setting, own in cells.groupby("setting", sort=False):
        mean = mean_of_rates(own["hits"].tolist(), own["n"].tolist())
        if mean is None:
            parts.append(f"{setting} no samples")
        else:
            parts.append(f"{setting} {mean.rate:.2f} ({mean.interval.low:.2f} to {mean.interval.high:.2f})")
    return f"Mean over cells, each counting the same: {'; '.join(parts)} ({_INTERVAL})."


def of_heatmap(cells: "pd.DataFrame") -> str:
    """What a heatmap of rates shows."""
    grid = cells["setting"].nunique() * cells["length"].nunique() * cells["depth"].nunique()
    hatched = "" if len(cells) == grid and (cells["n"] > 0).all() else "; hatched cells have no samples"
    return f"Retrieval rate by context length and needle depth{hatched}. {holes(cells)}{means(cells)} No test."


def of_difference(cells: "pd.DataFrame") -> str:
    """What a map of differences shows."""
    return (
        "Retrieval rate of each setting minus that of dense attention, by context length and needle depth; dense's "
        f"own rates beside them; hatched: below 0. {holes(cells)}{means(cells)} No test; sweep.json has a paired one "
        "over the grid (exact McNemar)."
    )


def holes(cells: "pd.DataFrame") -> str:
    """What the mark of the prefix hole means, where there is one."""
    sizes = sorted(set(cells["prefix_hole"]) - {0}) if "prefix_hole" in cells else []
    if not sizes:
        return ""
    return (
        f"A triangle in a cell's corner: its needle starts among the first {' or '.join(map(str, sizes))} tokens, "
        "which the coarsest level does not cover (the prefix hole); this depth is not what it is under other methods. "
    )


def of_length(cells: "pd.DataFrame") -> str:
    """What retrieval over length shows."""
    return (
        "Mean retrieval rate over needle depths at each context length, with 95 % intervals; settings stand beside one "
        f"another at each length. {means(cells)} No test."
    )


def of_recall(cells: "pd.DataFrame", found: Mapping[str, Correlation], misses: "pd.DataFrame | None" = None) -> str:
    """What recall beside retrieval shows, each setting's correlation, and which membership goes with a miss.

    Args:
        cells: as `recall_figure` takes them.
        found: over the cells of each setting.
        misses: as `recall_figure` takes them, and `hits`, `misses`, `of_hits` and `of_misses`.
    """
    return (
        "Selection recall (share of selected layers and heads that gathered the whole needle) and retrieval rate over "
        "context length, means over needle depths, and one against the other, a point a cell. "
        f"{_correlations(found)}{_recall_by_depth(cells)}{of_misses(misses)}{means(cells)}"
    )


def _correlations(found: Mapping[str, Correlation]) -> str:
    """The correlation within each setting: over several, their differences would stand in it."""
    parts = [
        f"{setting} {one.rho:.2f} ({one.low:.2f} to {one.high:.2f}, n = {one.n})"
        for setting, one in found.items()
        if one.rho == one.rho
    ]
    without = [setting for setting, one in found.items() if one.rho != one.rho]
    said = f": {'; '.join(parts)}" if parts else ""
    undefined = f" Undefined (fewer than four cells, or one of the two the same in all): {', '.join(without)}."
    how = ", 95 % intervals Fisher's, which take cells for independent" if parts else ""
    return f"Spearman's rank correlation over the cells of each setting{how}{said}.{undefined if without else ''} "


def of_misses(misses: "pd.DataFrame | None") -> str:
    """How well each membership tells hits from misses, with a space behind; empty where nothing does."""
    told = None if misses is None else misses.dropna(subset=["auroc"])
    if told is None or told.empty:
        return ""
    parts = []
    for setting, own in told.groupby("setting", sort=False):
        rows = [
            f"{row['tokens']} {row['auroc']:.2f}"
            + (f" ({row['low']:.2f} to {row['high']:.2f})" if row["low"] == row["low"] else "")
            + f", {row['of_hits']:.2f} in hits and {row['of_misses']:.2f} in misses"
            for row in own.to_dict(orient="records")
        ]
        parts.append(f"{setting}: {'; '.join(rows)}")
    return (
        "What was gathered at level 0 (of a whole span, by which share of layers and heads; else which share of its "
        "tokens) in hits and misses, and the share of the pairs of a hit and a miss of one length in which the hit has "
        "more (AUROC; 0.5: membership says nothing of a miss; 95 % interval of Obuchowski 1997 over the "
        f"samples that share a length and a trial): {'. '.join(parts)}. "
    )


def _recall_by_depth(cells: "pd.DataFrame") -> str:
    """Each setting's mean recall at depth 0 and at the others, which the means over depths do not tell apart."""
    known = cells.dropna(subset=["selection_recall"])
    first = known["depth"] == 0
    if first.all() or not first.any():
        return ""
    parts = []
    for setting, own in known.groupby("setting", sort=False):
        at_first, elsewhere = (own.loc[where, "selection_recall"].mean() for where in (first, ~first))
        parts.append(f"{setting} {at_first:.2f} and {elsewhere:.2f}")
    return f"Mean recall at depth 0 and at the other depths: {'; '.join(parts)}. "


def of_latency(points: "pd.DataFrame", *, label: str, length: int, source: str, left_out: Sequence[str] = ()) -> str:
    """What latency against retrieval shows.

    Args:
        points: as `latency_figure` takes them.
        label: of the axis of time.
        length: tokens at which all was measured.
        source: of the time.
        left_out: settings that have none.
    """
    named = "; ".join(
        f"{point['setting']} "
        + (f"{point['time']:.3g}, " if point["time"] == point["time"] else "not timed, ")
        + f"{point['rate']:.2f} ({point['ci_low']:.2f} to {point['ci_high']:.2f})"
        for point in points.to_dict(orient="records")
    )
    missing = f" Hollow, at the right edge: not timed ({', '.join(left_out)})." if left_out else ""
    return (
        f"Mean retrieval rate over needle depths at {length_label(length)} tokens against {label}: "
        f"{source}. Bars: {_INTERVAL}. Time and rate: {named}.{missing} No test."
    )


def readings(cells: "pd.DataFrame") -> list[str]:
    """A sentence on what was read under the setting, for each where they differ; none where all read the context.

    Args:
        cells: columns `setting` and `reading`.
    """
    found = cells.drop_duplicates("setting")
    kinds = list(dict.fromkeys(found["reading"]))
    if kinds == ["context"]:
        return []
    meant = "; ".join(f"{kind} ({_READINGS[kind]})" if kind in _READINGS else kind for kind in kinds)
    if len(kinds) == 1:
        return [f"Reading: {meant}."]
    each = ", ".join(f"{setting} {kind}" for setting, kind in zip(found["setting"], found["reading"], strict=True))
    return [f"Readings: {meant}; {each}."]


def places(cells: "pd.DataFrame") -> str:
    """The lengths and depths of the cells, in one sentence."""
    lengths = ", ".join(length_labels(sorted(set(map(int, cells["length"])))))
    depths = ", ".join(f"{depth:g}" for depth in sorted(set(cells["depth"])))
    return f"Context lengths {lengths} tokens; needle depths {depths} %."


def samples_per_cell(counts: "pd.Series") -> str:
    """`10`, or `8 to 10`."""
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"
