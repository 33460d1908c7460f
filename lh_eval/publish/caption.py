"""The caption of a figure as text: what was measured, on how many samples, and what its intervals are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lh_eval.lengths import length_label
from lh_eval.statistics import mean_of_rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lh_eval.analysis.timing import Timed
    from lh_eval.figures.recall import Correlation
    from lh_eval.store.run import Run

_INTERVAL = "95 % Wilson interval at the number of trials that gives a plain rate the mean's variance"


def subject(runs: "Iterable[Run]") -> str:
    """The task and the model that the runs share, as far as the first one's configuration says."""
    first = next(iter(runs))
    model = first.config.get("model")
    tasks = sorted(set(first.frame["task"])) or [first.config.get("task")]
    names = [*tasks, model.get("name") if isinstance(model, dict) else model]
    return ", ".join(name for name in names if isinstance(name, str))


def measured(runs: "list[Run]", cells: "pd.DataFrame") -> str:
    """Task, model, grid, samples a cell and seeds, in sentences; then each setting's mean with its interval."""
    first = runs[0]
    model = first.config.get("model")
    name, weights = (model.get("name"), model.get("weights_sha256")) if isinstance(model, dict) else (model, None)
    tasks = ", ".join(sorted({task for run in runs for task in run.frame["task"]}))
    lengths = ", ".join(map(length_label, sorted(set(map(int, cells["length"])))))
    depths = ", ".join(f"{depth:g}" for depth in sorted(set(cells["depth"])))
    seeds = sorted({int(seed) for run in runs for seed in run.frame["seed"]})
    model_text = f"model {name}" + (f" (weights sha256 {weights[:12]})" if weights else "") if name else "model unnamed"
    failed = sum(int(run.frame["error"].notna().sum()) for run in runs)
    sentences = [
        f"Task {tasks}; {model_text}; {samples_per_cell(cells['n'])} samples per cell, {int(cells['n'].sum())} in all; "
        f"seed{'s' if len(seeds) != 1 else ''} {', '.join(map(str, seeds)) or 'none'}.",
        f"Context lengths {lengths} tokens; needle depths {depths} %.",
        *([f"{failed} samples failed and are not counted."] if failed else []),
    ]
    return " ".join(sentences)


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
    return f"Retrieval rate by context length and needle depth{hatched}. {means(cells)} No test."


def of_difference(cells: "pd.DataFrame") -> str:
    """What a map of differences shows."""
    return (
        "Retrieval rate of each setting minus that of dense attention, by context length and needle depth; dense's "
        f"own rates beside them. {means(cells)} No test; sweep.json has a paired one over the grid (exact McNemar)."
    )


def of_length(cells: "pd.DataFrame") -> str:
    """What retrieval over length shows."""
    return f"Mean retrieval rate over needle depths at each context length, with 95 % bands. {means(cells)} No test."


def of_recall(cells: "pd.DataFrame", found: "Correlation") -> str:
    """What recall beside retrieval shows, and the correlation."""
    if found.rho != found.rho:
        correlation = f"undefined over {found.n} cells: fewer than four, or one of the two is the same in all"
    else:
        p = f"p = {found.p:.2g}" if found.p >= 1e-4 else "p < 0.0001"
        correlation = (
            f"{found.rho:.2f} (95 % interval {found.low:.2f} to {found.high:.2f}, Fisher's; {p}; n = {found.n} cells); "
            "interval and test take cells for independent, though settings share prompts"
        )
    return (
        "Selection recall (share of selected layers and heads that gathered the whole needle) and retrieval rate over "
        "context length, means over needle depths, and one against the other, a point a cell. Spearman's rank "
        f"correlation {correlation}. {means(cells)}"
    )


def of_latency(timed: "Timed") -> str:
    """What latency against retrieval shows."""
    points = "; ".join(
        f"{point['setting']} {point['time']:.3g}, {point['rate']:.2f} ({point['ci_low']:.2f} to {point['ci_high']:.2f})"
        for point in timed.points.to_dict(orient="records")
    )
    missing = f" Not timed: {', '.join(timed.left_out)}." if timed.left_out else ""
    return (
        f"Mean retrieval rate over needle depths at {length_label(timed.length)} tokens against {timed.label}: "
        f"{timed.source}. Bars: {_INTERVAL}. Time and rate: {points}.{missing} No test."
    )


def of_comparison(values: "Mapping[str, Any]", names: tuple[str, str]) -> str:
    """What a difference heatmap of two sides shows.

    Args:
        values: as `comparison_values` makes them.
        names: of both sides.
    """
    whole, level = values["overall"], values["level"]
    p = "none" if whole["p"] is None else f"{whole['p']:.2g}" if whole["p"] >= 1e-4 else "< 0.0001"
    interval = "no interval"
    if whole["ci_low"] is not None:
        interval = f"{level:.0%} interval {whole['ci_low']:+.3f} to {whole['ci_high']:+.3f}"
    sides = []
    for name, runs in zip(names, (values["a"], values["b"]), strict=True):
        models = [
            f"{run['model']}"
            + (f" (weights sha256 {run['weights_sha256'][:12]})" if run["weights_sha256"] else "")
            + (f" of training seed {run['training_seed']}" if run["training_seed"] is not None else "")
            for run in runs
        ]
        sides.append(f"{name}: {', '.join(models)}.")
    return (
        f"Retrieval rate of {names[1]} less that of {names[0]} by context length and needle depth; under each "
        f"difference the samples gained and lost; framed: p < {1 - level:.2g} after Holm. "
        f"Task {values['a'][0]['task']}. {' '.join(sides)} Mean over cells {whole['rate_b']:.3f} less "
        f"{whole['rate_a']:.3f}: {whole['difference']:+.3f} ({interval}, p {p}), {whole['pairs']} pairs in "
        f"{whole['cells']} cells. "
        f"{'. '.join(values['notes'])}."
    )


def samples_per_cell(counts: "pd.Series") -> str:
    """`10`, or `8 to 10`."""
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"
