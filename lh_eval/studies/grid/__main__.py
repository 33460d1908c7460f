"""Tables and figures of a grid of trainings, from its rows.

    python -m lh_eval.studies.grid outputs/grid --page docs/findings.md

`trainings.py` says what the folder holds, `lh_eval.studies.train_grid` makes one.
"""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.studies.command import run
from lh_eval.studies.grid.claims import claims_table
from lh_eval.studies.grid.figures import write_figures
from lh_eval.studies.grid.lighthouse import lighthouse_table
from lh_eval.studies.grid.losses import losses_table
from lh_eval.studies.grid.paper import paper_claims, recipes_over_dense
from lh_eval.studies.grid.recipes import length_table, recipe_table
from lh_eval.studies.grid.trainings import Grid, read_grid
from lh_eval.studies.tables import Table, fill

KIND = "grid"


def make_tables(grid: Grid) -> dict[str, Table]:
    """Every table by its name."""
    return {
        "table": recipe_table(grid),
        "claims": claims_table(paper_claims(grid.trainings), grid),
        "against-dense": claims_table(recipes_over_dense(grid.trainings), grid),
        "lengths": length_table(grid),
        "lighthouse": lighthouse_table(grid),
        "losses": losses_table(grid),
    }


def grid(
    folder: Annotated[Path, typer.Argument(help="Folder of trainings and evaluations.")],
    page: Annotated[Path | None, typer.Option(help="Page whose blocks `<!-- grid: NAME -->` the tables fill.")] = None,
) -> None:
    """Write tables and figures into the folder, from its rows: the same ones for the same rows."""
    found = read_grid(folder)
    tables = make_tables(found)
    files = [file for name, table in tables.items() for file in table.write(folder, name)]
    files += write_figures(found, folder)
    if page is not None:
        fill(page, KIND, {name: table.markdown for name, table in tables.items()})
        files.append(page)
    for file in files:
        typer.echo(file)


if __name__ == "__main__":
    run(grid)
