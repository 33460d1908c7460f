"""What the grid's trainings lose and how fast they run, and whether losses show what retrieval does."""

import statistics
from typing import Any, NamedTuple

import pandas as pd
from grid_prompts import LEVEL
from grid_table import interval_of_mean, mean_over_cells
from grid_trainings import ATTENTIONS, HELD_OUT, Attention, Training, by_recipe, scopes_of

from lh_eval.analysis.pairing import align
from lh_eval.publish.tabular import NOTHING, p_value
from lh_eval.statistics import holm

_FAMILIES = ("text", "keyed", "copy", "passkey")
_DIGITS = 9  # of a rate: means that are equal differ behind them by the order of their sums


class Correlation(NamedTuple):
    """Of held-out loss with retrieval over `n` trainings; NaN below three, or where one of them does not vary.

    tau: Kendall's rank correlation, negative where lower losses go with more needles found.
    rho: Spearman's.
    p: of Kendall's, exact where no two trainings are tied.
    p_holm: after Holm, over the tasks.
    """

    n: int
    tau: float
    rho: float
    p: float
    p_holm: float


def losses_table(trainings: list[Training]) -> pd.DataFrame:
    """A row a recipe.

    Returns:
        `recipe`, `seeds`, `held_out` (mean over seeds) with `held_out_by_seed`, the training's `loss_<family>`, and for
        each attention `tokens_per_second_<attention>`, the mean over seeds of the trainings' medians, with
        `ratio_<attention>` to dense from scratch.
    """
    groups = by_recipe(trainings)
    scratch = [
        training.speeds["dense"]
        for recipe, group in groups.items()
        for training in group
        if recipe.scorer is None and "dense" in training.speeds
    ]
    rows = []
    for recipe, group in groups.items():
        row: dict[str, Any] = {"recipe": recipe.label, "seeds": " ".join(str(training.seed) for training in group)}
        own = [training.losses[HELD_OUT] for training in group if HELD_OUT in training.losses]
        row |= {"held_out": _mean(own), "held_out_by_seed": " ".join(f"{value:.6g}" for value in own)}
        for name in _FAMILIES:
            row[f"loss_{name}"] = _mean([training.losses[name] for training in group if name in training.losses])
        for attention in ATTENTIONS[::-1]:
            speed = _mean([training.speeds[attention] for training in group if attention in training.speeds])
            row[f"tokens_per_second_{attention}"] = speed
            row[f"ratio_{attention}"] = speed / statistics.fmean(scratch) if scratch else float("nan")
        rows.append(row)
    return pd.DataFrame(rows)


def losses_table_for_people(table: pd.DataFrame) -> pd.DataFrame:
    """The same as text."""
    shown = table[["recipe", "seeds"]].copy()
    shown["seeds"] = shown["seeds"].str.replace(" ", ", ")
    shown["held-out text"] = table["held_out"].map(_loss)
    shown["each seed"] = [
        ", ".join(_loss(float(value)) for value in values.split()) or NOTHING for values in table["held_out_by_seed"]
    ]
    for name in _FAMILIES:
        shown[name] = [_loss(value, digits=4 if name == "passkey" else 3) for value in table[f"loss_{name}"]]
    headings: dict[Attention, str] = {"lighthouse": "tokens/s, Lighthouse", "dense": "tokens/s, dense"}
    for attention, heading in headings.items():
        columns = (table[f"{name}_{attention}"] for name in ("tokens_per_second", "ratio"))
        shown[heading] = [_speed(speed, ratio) for speed, ratio in zip(*columns, strict=True)]
    return shown


def losses_note(trainings: list[Training]) -> str:
    """What stands under the table: how it was measured, and losses against retrieval."""
    longest = max(training.longest for training in trainings)
    return (
        "Held-out text in nats per byte after the last step, the mean over seeds and each seed; then the training's "
        "own losses over its last twentieth, nats per byte that counts, means over seeds. Tokens per second of "
        f"training at {longest:,} tokens, in thousands: the median over a training's rows, the first row of each "
        "stretch left out, means over seeds; in brackets the ratio to dense from scratch. "
        f"{said(loss_correlations(trainings))}"
    )


def points(trainings: list[Training]) -> pd.DataFrame:
    """A row a training and scope that has a held-out loss and dense evaluations: both, with the rate's interval."""
    rows = []
    for training in trainings:
        for scope, tasks in scopes_of(trainings).items():
            keys: list[tuple[str, Attention]] = [(task, "dense") for task in tasks]
            if HELD_OUT not in training.losses or any(key not in training.runs for key in keys):
                continue
            joined = pd.concat([align([training.runs[key].frame]) for key in keys], ignore_index=True)
            low, high = interval_of_mean(joined, joined[0])
            row = {"recipe": training.recipe.label, "seed": training.seed, "task": scope}
            row |= {"held_out": training.losses[HELD_OUT], "rate": round(mean_over_cells(joined, joined[0]), _DIGITS)}
            rows.append(row | {"ci_low": low, "ci_high": high})
    return pd.DataFrame(rows, columns=["recipe", "seed", "task", "held_out", "rate", "ci_low", "ci_high"])


def loss_correlations(trainings: list[Training]) -> dict[str, Correlation]:
    """Of each task, and of all together: are the trainings with lower losses those that find more needles?"""
    from scipy.stats import kendalltau, spearmanr

    found = {}
    for scope, own in points(trainings).groupby("task", sort=False):
        tau = rho = p = float("nan")
        if len(own) > 2 and own["held_out"].nunique() > 1 and own["rate"].nunique() > 1:
            tau, p = kendalltau(own["held_out"], own["rate"])
            rho = spearmanr(own["held_out"], own["rate"]).statistic
        found[str(scope)] = Correlation(len(own), float(tau), float(rho), float(p), float("nan"))
    adjusted = holm([each.p for each in found.values()])
    return {scope: each._replace(p_holm=p) for (scope, each), p in zip(found.items(), adjusted, strict=True)}


def said(correlations: dict[str, Correlation]) -> str:
    """The correlations and what they can say, in sentences."""
    known = {scope: each for scope, each in correlations.items() if each.p == each.p}
    if not known:
        return "Too few trainings to correlate losses with retrieval."
    names = {scope: f"{scope} tasks together" if scope in ("both", "all") else scope for scope in known}
    parts = [
        f"{names[scope]} τ = {each.tau:.2f} (n = {each.n}, p {p_value(each.p)}, after Holm {p_value(each.p_holm)}; "
        f"Spearman's ρ = {each.rho:.2f})"
        for scope, each in known.items()
    ]
    decided = [names[scope] for scope, each in known.items() if each.p_holm < 1 - LEVEL]
    return (
        "Does held-out loss show what retrieval does? Kendall's rank correlation of the two, evaluated dense, a "
        f"training a point; negative where lower losses go with more needles found: {'; '.join(parts)}. p after Holm "
        f"is below {1 - LEVEL:.2g} for {' and '.join(decided) or 'none'}. So few trainings tell no weak relation from "
        "chance; those of one recipe or one seed are alike, and p takes all for independent."
    ).replace("= -", "= −")


def _mean(values: list[float]) -> float:
    return statistics.fmean(values) if values else float("nan")


def _loss(value: float, digits: int = 3) -> str:
    return NOTHING if pd.isna(value) else f"{value:.{digits}f}"


def _speed(speed: float, ratio: float) -> str:
    if pd.isna(speed):
        return NOTHING
    return f"{speed / 1000:.0f}" + ("" if pd.isna(ratio) else f" ({ratio:.2f})")
