"""Runs of trainings that differ in their seed: which recipe and seed each is of, and their cells."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.analysis.settings import setting_cells
from lh_eval.errors import InputError
from lh_eval.store.finding import find_runs
from lh_eval.store.folder import PROVENANCE
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

_MARK = re.compile(r"(?:^|[-_.])(?:s|seed)[-_=]?([0-9]+)(?=$|[-_.])")


class SeededRun(NamedTuple):
    """A run with the training that it is of.

    recipe: what trainings share that differ in nothing but the seed, and how they were evaluated where that differs.
    seed: the training's.
    run: its evaluation.
    """

    recipe: str
    seed: int
    run: Run


def read_seeded(paths: Iterable[str | Path]) -> list[SeededRun]:
    """Read the runs of folders, and say of each which recipe and seed it is of.

    The seed is the training's that config.json names, else the `-s0` or `seed0` in a folder's name. What the paths of
    two runs share without that mark is their recipe, named by the folders in which recipes differ.

    Raises:
        InputError: a folder holds no run, a run has no seed, two have one recipe and seed, or they are of
            several tasks.
    """
    runs = find_runs(paths)
    split = [_split(run.path, _recorded_seed(run)) for run in runs]
    names = _names([key for key, _, _ in split], split[0][1])
    found: dict[tuple[str, int], SeededRun] = {}
    for (key, _, seed), run in zip(split, runs, strict=True):
        name = names[key]
        if seed is None:
            raise InputError(
                f"{run.path} must be of a training whose seed is known, got none in its config.json; name its folder, "
                "or one above it, after the seed, as norm-s0"
            )
        if (other := found.get((name, seed))) is not None:
            raise InputError(
                f"runs must differ in recipe or training seed, got {other.run.path} and {run.path}, both of seed "
                f"{seed}; leave one out, or name their folders after their recipes"
            )
        found[name, seed] = SeededRun(name, seed, run)
    tasks = sorted({str(run.config.get("task")) for run in runs if run.config.get("task")})
    if len(tasks) > 1:
        raise InputError(f"runs must be of one task, got {', '.join(tasks)}; draw one task at a time")
    recipes = list(dict.fromkeys(one.recipe for one in found.values()))
    return sorted(found.values(), key=lambda one: (recipes.index(one.recipe), one.seed))


def seeded_cells(runs: Sequence[SeededRun]) -> "pd.DataFrame":
    """The cells of all runs, as `setting_cells` makes them, with the columns `recipe` and `seed`."""
    import pandas as pd

    tables = [setting_cells({one.run.path.name: one.run}).assign(recipe=one.recipe, seed=one.seed) for one in runs]
    return pd.concat(tables, ignore_index=True)


def over_seeds(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Each recipe's cells over its seeds.

    Args:
        cells: as `seeded_cells` makes them.

    Returns:
        Columns `recipe`, `length`, `depth`, `seeds` (trainings with samples in the cell), `n` (samples of all of them),
        `rate` (the mean of their rates, each counting the same), `sd` (their standard deviation, of n - 1; missing
        below two), `low` and `high` (the least and the highest), `prefix_hole`, and `mean_sd`, the standard deviation
        of the trainings' means over cells.
    """
    by = cells.groupby(["recipe", "length", "depth"], sort=False)
    table = by.agg(
        seeds=("rate", "count"),
        n=("n", "sum"),
        rate=("rate", "mean"),
        sd=("rate", "std"),
        low=("rate", "min"),
        high=("rate", "max"),
        prefix_hole=("prefix_hole", "max"),
    ).reset_index()
    spread = training_means(cells).groupby("recipe")["rate"].std()
    return table.assign(mean_sd=table["recipe"].map(spread))


def training_means(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Columns `recipe`, `seed` and `rate`, the mean over a training's cells that have samples."""
    return cells.groupby(["recipe", "seed"], sort=False)["rate"].mean().reset_index()


def _recorded_seed(run: Run) -> int | None:
    seed = (run.config.get(PROVENANCE) or {}).get("training_seed")
    return None if seed is None else int(seed)


def _split(path: Path, seed: int | None) -> tuple[tuple[str, ...], int | None, int | None]:
    """The path's folders without the last mark of that seed, or of any; which folder had it, and the seed."""
    parts = list(path.absolute().parts)
    for place in range(len(parts) - 1, -1, -1):
        for mark in _MARK.finditer(parts[place]):
            if seed in (None, int(mark[1])):
                parts[place] = parts[place][: mark.start()] + parts[place][mark.end() :]
                return tuple(parts), place, int(mark[1])
    return tuple(parts), None, seed


def _names(keys: Sequence[tuple[str, ...]], marked: int | None) -> dict[tuple[str, ...], str]:
    """A name for each recipe: the folders in which they differ; of a single one, that which had the seed."""
    unique = list(dict.fromkeys(keys))
    if len(unique) == 1:
        (parts,) = unique
        return {parts: next(filter(None, reversed(parts[: None if marked is None else marked + 1])))}
    least = min(map(len, unique))
    start = next((i for i in range(least) if len({key[i] for key in unique}) > 1), least)
    end = next((i for i in range(least - start) if len({key[-1 - i] for key in unique}) > 1), least - start)
    inner = [key[start : len(key) - end] for key in unique]
    if len(set(map(len, inner))) == 1:
        varied = [i for i in range(len(inner[0])) if len({key[i] for key in inner}) > 1]
        inner = [tuple(key[i] for i in varied) for key in inner]
    return {key: "/".join(filter(None, parts)) or "." for key, parts in zip(unique, inner, strict=True)}
