"""Interventions beside the setting as it is: margins and rates of each condition, and what it changes, paired."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.compare_samples import grid_interval
from lh_eval.analysis.comparison import NOTHING
from lh_eval.analysis.pairing import KEY, align, questions_of_task, with_canonical_tasks
from lh_eval.analysis.settings import setting_label
from lh_eval.errors import InputError
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

NATURAL = "natural"
_FORCED = ("needle", "question", "sham")  # what config.json says of an intervention, beside the setting's own options
_DIFFERENCES = ("margin", "rate")
COLUMNS = [
    *["setting", "length", "condition", "layers", "n"],
    *["rate", "rate_low", "rate_high", "margin", "margin_low", "margin_high", "needle_held", "question_held"],
    *[f"{name}_difference{end}" for name in _DIFFERENCES for end in ("", "_low", "_high")],
    *["gained", "lost"],
]


def interventions(runs: Mapping[str, Run], *, level: float = 0.95, seed: int = 0) -> "pd.DataFrame":
    """Set each condition beside the setting as it is, on the samples that both have.

    Args:
        runs: a sweep's settings by name; those without interventions are left out.
        level: confidence level of all intervals: cluster bootstrap over the samples of a length that share a trial.
        seed: of the bootstrap.

    Returns:
        `COLUMNS`, a row a setting, length and condition. `condition` is "natural" or such as "needle in, question
        out"; `layers` the layers that were forced, "all" where all under the setting were; `needle_held` and
        `question_held` the mean share of their tokens that layers and heads gathered at level 0: what was reached.
        Differences are the condition's less natural's, `gained` and `lost` the samples it changes.

    Raises:
        InputError: no run has an intervention, or one has no natural run beside it.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for natural, forced in _groups(runs):
        base = {"setting": setting_label(natural), "condition": NATURAL, "layers": "all"}
        lengths = sorted({int(length) for length in natural.frame["length"]})
        for length in lengths:
            for run in (natural, *forced):
                named = base | ({} if run is natural else _described(run.config["attention"]))
                rows.append(named | {"length": length} | _numbers(natural, run, length, level, seed))
    if not rows:
        raise InputError("runs must have an intervention among them, got none; make them with lh-eval intervene")
    return pd.DataFrame(rows, columns=COLUMNS).astype({"gained": "Int64", "lost": "Int64"})


def is_intervention(run: Run) -> bool:
    """Whether entries were forced in it."""
    attention = run.config.get("attention")
    return isinstance(attention, dict) and attention.keys() >= set(_FORCED)


def _groups(runs: Mapping[str, Run]) -> Iterator[tuple[Run, list[Run]]]:
    """Each setting as it is with its interventions."""
    waiting = [run for run in runs.values() if is_intervention(run)]
    while waiting:
        plain = _without(waiting[0].config["attention"])
        own = [run for run in waiting if _without(run.config["attention"]) == plain]
        natural = [run for run in runs.values() if run.config.get("attention") == plain]
        if not natural:
            raise InputError(
                f"runs must have the setting as it is beside its interventions, got {own[0].path} alone; "
                "run lh-eval intervene again"
            )
        yield natural[0], own
        waiting = [run for run in waiting if all(run is not other for other in own)]


def _without(attention: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the setting has as it is."""
    return {name: value for name, value in attention.items() if name not in (*_FORCED, "layers", "method")}


def _described(attention: Mapping[str, Any]) -> dict[str, str]:
    parts = [f"{name} {attention[name]}" for name in _FORCED if attention[name] != NATURAL]
    return {
        "condition": ", ".join(parts) or NATURAL,
        "layers": ", ".join(map(str, attention["layers"])) or "all",
    }


def _numbers(natural: Run, run: Run, length: int, level: float, seed: int) -> dict[str, Any]:
    """One condition at one length, on the samples that it has in common with natural."""
    frames = [with_canonical_tasks(each.frame[each.frame["length"] == length]) for each in (natural, run)]
    task = str(frames[0]["task"].iloc[0])
    spread: dict[str, Any] = {"level": level, "seed": seed, "questions": questions_of_task(task)}
    counted = frames[1][frames[1]["error"].isna()]
    values: dict[str, Any] = {
        "n": len(counted),
        **{f"{name}_held": _finest(counted[f"{name}_levels"]) for name in ("needle", "question")},
    }
    for name, column in (("rate", "score"), ("margin", "margin")):
        joined = align(frames, column).dropna(subset=[0, 1])
        if joined.empty:
            continue
        values |= _mean(name, joined, joined[1], spread)
        if run is natural:
            continue
        change = joined[1] - joined[0]
        values |= _mean(f"{name}_difference", joined, change, spread)
        if name == "rate":
            values |= {"gained": int((change > 0).sum()), "lost": int((change < 0).sum())}
    return values


def _finest(levels: "pd.Series") -> float:
    """Mean share at level 0; NaN where it is not known."""
    return float(levels.map(lambda shares: shares[0] if isinstance(shares, tuple) else float("nan")).mean())


def _mean(name: str, joined: "pd.DataFrame", values: "pd.Series", spread: Mapping[str, Any]) -> dict[str, float]:
    """The mean over the cells, each counting the same, with its interval."""
    mean = float(values.groupby([joined[key] for key in KEY[:-1]]).mean().mean())
    low, high = grid_interval(joined, values, **spread) or NOTHING
    return {name: mean, f"{name}_low": low, f"{name}_high": high}
