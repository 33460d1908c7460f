"""Tables and figures of the trained grid, from its committed rows.

    python benchmarks/grid.py outputs/grid

writes into the folder `table`, `claims`, `against-dense`, `lengths`, `lighthouse` and `losses` as CSV, Markdown and
LaTeX, and the figures with their captions; then it puts the tables into docs/findings.md, between
`<!-- grid: NAME -->` and `<!-- /grid -->`. The same rows give the same bytes. `grid_trainings.py` says what the folder
holds.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from grid_claims import BY, NOTES, claims_table, claims_table_for_people, paper_claims, recipes_over_dense
from grid_figures import write_figures
from grid_lighthouse import LIGHTHOUSE_NOTE, lighthouse_table, lighthouse_table_for_people
from grid_losses import losses_note, losses_table, losses_table_for_people
from grid_table import (
    LENGTH_NOTE,
    RECIPE_NOTE,
    length_table,
    length_table_for_people,
    recipe_table,
    recipe_table_for_people,
)
from grid_trainings import Training, read_grid, scopes_of
from tables import fill, markdown, write_csv, write_latex, write_markdown

from lh_eval.errors import InputError

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
KIND = "grid"


class Table(NamedTuple):
    """A table as it is written.

    values: every number, for CSV.
    shown: text by the name of its LaTeX file's end; Markdown has them all below each other, each with its note.
    words: how many columns of words come first.
    """

    values: pd.DataFrame
    shown: dict[str, tuple[pd.DataFrame, str]]
    words: int

    @property
    def markdown(self) -> str:
        """All that is shown."""
        return "\n".join(markdown(shown, words=self.words, note=note) for shown, note in self.shown.values())


def make_tables(trainings: list[Training]) -> dict[str, Table]:
    """Every table by its name."""
    recipes = recipe_table(trainings)
    claims = claims_table(paper_claims(trainings), trainings)
    over_dense = claims_table(recipes_over_dense(trainings), trainings)
    lengths = length_table(trainings)
    lighthouse = lighthouse_table(trainings)
    losses = losses_table(trainings)
    return {
        "table": Table(recipes, {"": (recipe_table_for_people(recipes, scopes_of(trainings)), RECIPE_NOTE)}, 1),
        "claims": _tested(claims),
        "against-dense": _tested(over_dense),
        "lengths": Table(lengths, {"": (length_table_for_people(lengths), LENGTH_NOTE)}, 2),
        "lighthouse": Table(lighthouse, {"": (lighthouse_table_for_people(lighthouse), LIGHTHOUSE_NOTE)}, 2),
        "losses": Table(losses, {"": (losses_table_for_people(losses), losses_note(trainings))}, 1),
    }


def write_tables(tables: dict[str, Table], folder: Path) -> list[Path]:
    """Write each as CSV, Markdown and LaTeX."""
    files = []
    for name, table in tables.items():
        stem = folder / name
        files += [write_csv(table.values, stem), write_markdown(table.markdown, stem)]
        for end, (shown, _) in table.shown.items():
            files.append(write_latex(shown, folder / f"{name}{end}", words=table.words))
    return files


def _tested(table: pd.DataFrame) -> Table:
    shown = {f"-{by}": (claims_table_for_people(table, by), NOTES[by]) for by in BY}
    return Table(table, shown, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write everything and say which files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("grid", type=Path, help="folder of trainings and evaluations")
    parser.add_argument("--page", type=Path, default=PAGE, help="page whose blocks are filled")
    options = parser.parse_args(arguments)
    try:
        trainings = read_grid(options.grid)
        tables = make_tables(trainings)
        files = write_tables(tables, options.grid)
        files += write_figures(trainings, options.grid)
        fill(options.page, KIND, {name: table.markdown for name, table in tables.items()})
    except InputError as error:
        sys.exit(f"grid.py: error: {error}")
    for file in [*files, options.page]:
        print(file)


if __name__ == "__main__":
    main()
