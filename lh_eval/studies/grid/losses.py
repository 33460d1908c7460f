"""What the grid's trainings lose and how fast they run, and whether losses show what retrieval does."""

import pandas as pd

from lh_eval.publish.tabular import NOTHING, p_value
from lh_eval.store.sweep import DENSE
from lh_eval.studies.grid.prompts import LEVEL, ends, interval_of_mean, mean_over_cells, with_holm
from lh_eval.studies.grid.trainings import ATTENTIONS, Grid
from lh_eval.studies.tables import Shown, Table

_FAMILIES = {"text": 3, "keyed": 3, "copy": 3, "passkey": 4}  # with their digits
_SPEED = "tokens_per_second_"
_DIGITS = 9  # of a rate: means that are equal differ behind them by the order of their sums


def losses_table(grid: Grid) -> Table:
    """A row a recipe.

    Its numbers are `recipe`, `seeds`, `held_out` (mean over seeds) with `held_out_by_seed`, the training's
    `loss_<family>`, and for each attention `tokens_per_second_<attention>`, the mean over seeds of the trainings'
    medians, with `ratio_<attention>` to dense from scratch.
    """
    groups = grid.trainings.groupby("recipe", sort=False)
    table = groups["seed"].agg(lambda seeds: " ".join(map(str, seeds))).to_frame("seeds")
    table["held_out"] = groups["held_out"].mean()
    table["held_out_by_seed"] = groups["held_out"].agg(lambda own: " ".join(f"{value:.6g}" for value in own.dropna()))
    for name in _FAMILIES:
        table[f"loss_{name}"] = groups[f"loss_{name}"].mean()
    for attention in ATTENTIONS[::-1]:
        table[f"{_SPEED}{attention}"] = groups[f"{_SPEED}{attention}"].mean()
        table[f"ratio_{attention}"] = table[f"{_SPEED}{attention}"] / _speed_from_scratch(grid.trainings)
    table = table.reset_index()
    return Table(table, {"": Shown(_as_text(table), _note(grid))}, 1)


def points(grid: Grid) -> pd.DataFrame:
    """A row a training and scope that has a held-out loss and dense evaluations: both, with the rate's interval."""
    rows = []
    for training in grid.trainings.dropna(subset=["held_out"]).index:
        for scope, tasks in grid.scopes.items():
            if grid.evaluated([training], tasks):
                joined = grid.scores([training], tasks)
                row = {**grid.trainings.loc[training, ["recipe", "seed", "held_out"]], "task": scope}
                row["rate"] = round(mean_over_cells(joined, joined[0]), _DIGITS)
                rows.append(row | ends(interval_of_mean(joined, joined[0])))
    return pd.DataFrame(rows, columns=["recipe", "seed", "task", "held_out", "rate", "ci_low", "ci_high"])


def correlations(found: pd.DataFrame) -> pd.DataFrame:
    """Of each task, and of all together: are the trainings with lower losses those that find more needles?

    Args:
        found: as `points` makes them.

    Returns:
        `task`, `n` trainings, `tau` (Kendall's rank correlation, negative where lower losses go with more needles
        found), `rho` (Spearman's), `p` of Kendall's, exact where no two trainings are tied, and `p_holm` over the
        tasks; without those below three trainings, or where one of the two does not vary.
    """
    from scipy.stats import kendalltau, spearmanr

    rows = []
    for task, own in found.groupby("task", sort=False):
        if len(own) > 2 and own["held_out"].nunique() > 1 and own["rate"].nunique() > 1:
            tau, p = kendalltau(own["held_out"], own["rate"])
            rho = spearmanr(own["held_out"], own["rate"]).statistic
            rows.append({"task": task, "n": len(own), "tau": tau, "rho": rho, "p": p})
    return with_holm(pd.DataFrame(rows, columns=["task", "n", "tau", "rho", "p"]))


def correlations_said(found: pd.DataFrame) -> str:
    """The correlations of `points` and what they can say, in sentences."""
    known = correlations(found)
    if known.empty:
        return "Too few trainings to correlate losses with retrieval."
    known["task"] = [f"{task} tasks together" if task in ("both", "all") else task for task in known["task"]]
    parts = [
        f"{each['task']} τ = {each['tau']:.2f} (n = {each['n']}, p {p_value(each['p'])}, after Holm "
        f"{p_value(each['p_holm'])}; Spearman's ρ = {each['rho']:.2f})"
        for each in known.to_dict(orient="records")
    ]
    decided = known.loc[known["p_holm"] < 1 - LEVEL, "task"]
    return (
        "Does held-out loss show what retrieval does? Kendall's rank correlation of the two, evaluated dense, a "
        f"training a point; negative where lower losses go with more needles found: {'; '.join(parts)}. p after Holm "
        f"is below {1 - LEVEL:.2g} for {' and '.join(decided) or 'none'}. So few trainings tell no weak relation from "
        "chance; those of one recipe or one seed are alike, and p takes all for independent."
    ).replace("= -", "= −")


def _note(grid: Grid) -> str:
    return (
        "Held-out text in nats per byte after the last step, the mean over seeds and each seed; then the training's "
        "own losses over its last twentieth, nats per byte that counts, means over seeds. Tokens per second of "
        f"training at {grid.trainings['longest'].max():,} tokens, in thousands: the median over a training's rows, the "
        "first row of each stretch left out, means over seeds; in brackets the ratio to dense from scratch. "
        f"{correlations_said(points(grid))}"
    )


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    shown = table[["recipe"]].assign(seeds=table["seeds"].str.replace(" ", ", "))
    shown["held-out text"] = table["held_out"].map(_loss)
    by_seed = table["held_out_by_seed"].str.split()
    shown["each seed"] = [", ".join(_loss(float(value)) for value in values) or NOTHING for values in by_seed]
    for name, digits in _FAMILIES.items():
        shown[name] = [_loss(value, digits) for value in table[f"loss_{name}"]]
    for attention, heading in (("lighthouse", "tokens/s, Lighthouse"), ("dense", "tokens/s, dense")):
        numbers = table[[f"{_SPEED}{attention}", f"ratio_{attention}"]].to_numpy(float)
        shown[heading] = [_speed(*values) for values in numbers]
    return shown


def _speed_from_scratch(trainings: pd.DataFrame) -> float:
    return trainings.loc[trainings["scorer"] == DENSE, f"{_SPEED}dense"].mean()


def _loss(value: float, digits: int = 3) -> str:
    return NOTHING if pd.isna(value) else f"{value:.{digits}f}"


def _speed(speed: float, ratio: float) -> str:
    if pd.isna(speed):
        return NOTHING
    return f"{speed / 1000:.0f}" + ("" if pd.isna(ratio) else f" ({ratio:.2f})")
