"""What figures of trainings with several seeds show, in sentences that their tables alone decide."""

from typing import TYPE_CHECKING

from lh_eval.figures.captions import holes
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd


def of_seeds(cells: "pd.DataFrame", means: "pd.DataFrame") -> str:
    """What heatmaps of trainings side by side show.

    Args:
        cells: as `seeds_figure` takes them.
        means: columns `recipe`, `seed` and `rate`, a row a training.
    """
    trainings = cells[["recipe", "seed"]].drop_duplicates()
    absent = [
        f"{recipe} of seed {seed}"
        for recipe in dict.fromkeys(trainings["recipe"])
        for seed in sorted(set(trainings["seed"]))
        if not ((trainings["recipe"] == recipe) & (trainings["seed"] == seed)).any()
    ]
    missing = f" There is no {', '.join(absent)}." if absent else ""
    return (
        f"Retrieval rate by context length and needle depth, a panel a training; those of one seed in one column or "
        f"row.{missing} {holes(cells)}{_over_seeds(means)} No test."
    )


def of_spread(cells: "pd.DataFrame", means: "pd.DataFrame") -> str:
    """What heatmaps of means over seeds show.

    Args:
        cells: as `spread_figure` takes them, with `low` and `high`.
        means: columns `recipe`, `seed` and `rate`, a row a training.
    """
    widest = cells.assign(range=cells["high"] - cells["low"]).sort_values("range", ascending=False, kind="stable")
    ranges = [
        f"{cell['recipe']} {cell['low']:.2f} to {cell['high']:.2f} at {length_label(cell['length'])}, "
        f"depth {cell['depth']:g} %"
        for cell in widest.drop_duplicates("recipe").to_dict(orient="records")
    ]
    seeds = sorted(set(cells.loc[cells["seeds"] > 0, "seeds"]))
    return (
        "Retrieval rate by context length and needle depth, mean over training seeds; under it ± the standard "
        f"deviation between them (n − 1), which the chance of the samples is part of; over "
        f"{' or '.join(map(str, seeds))} seeds in each cell. {holes(cells)}Widest cells, lowest to highest seed: "
        f"{'; '.join(ranges)}. {_over_seeds(means)} No test."
    )


def _over_seeds(means: "pd.DataFrame") -> str:
    """Each training's mean over cells, and each recipe's mean and standard deviation over its seeds."""
    parts = []
    for recipe, own in means.groupby("recipe", sort=False):
        each = ", ".join(f"{rate:.2f} (seed {seed})" for seed, rate in zip(own["seed"], own["rate"], strict=True))
        spread = f" ± {own['rate'].std():.2f}, {len(own)} seeds" if len(own) > 1 else ""
        parts.append(f"{recipe} {own['rate'].mean():.2f}{spread}: {each}" if spread else f"{recipe} {each}")
    return f"Mean over cells, ± standard deviation between seeds: {'; '.join(parts)}."
