"""Tables of the experiment, from its rows, or from outcomes.csv and forced.csv where the rows lie elsewhere.

python -m lh_eval.studies.branches.tables outputs/branches --page docs/findings.md
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from lh_eval.figures.style import save
from lh_eval.publish.tabular import csv_text
from lh_eval.publish.writing import write_text
from lh_eval.studies.branches.contrasts import contrasts_table, readings_table
from lh_eval.studies.branches.figures import caption, trunks_figure
from lh_eval.studies.branches.interventions import interventions_table, read_interventions
from lh_eval.studies.branches.outcomes import TYPES, read_outcomes
from lh_eval.studies.branches.training import ROWS
from lh_eval.studies.command import run
from lh_eval.studies.tables import block, fill

KIND = "branches"
OUTCOMES = "outcomes.csv"
FORCED = "forced.csv"


def tables(
    folder: Annotated[Path, typer.Argument(help="Folder of the experiment.")],
    page: Annotated[Path | None, typer.Option(help="Page whose blocks `<!-- branches: NAME -->` are filled.")] = None,
) -> None:
    """Write outcomes.csv, forced.csv, tables and a figure into the folder: the same ones for the same rows."""
    files = []
    if (folder / ROWS).is_dir() or not (folder / OUTCOMES).exists():
        files.append(write_text(folder / OUTCOMES, csv_text(read_outcomes(folder))))
        found = read_interventions(folder)
        if len(found):
            files.append(write_text(folder / FORCED, csv_text(found)))
    outcomes = pd.read_csv(folder / OUTCOMES).astype(TYPES)  # as another machine reads them, so that tables agree
    made = {"contrasts": contrasts_table(outcomes), "readings": readings_table(outcomes)}
    if (folder / FORCED).exists():
        made["interventions"] = interventions_table(pd.read_csv(folder / FORCED))
    files += save(trunks_figure(outcomes), folder / "trunks", caption=caption(outcomes))
    files += [file for name, table in made.items() for file in table.write(folder, name)]
    if page is not None:
        blocks = {
            f"{name}{end}": block(shown, words=table.words)
            for name, table in made.items()
            for end, shown in table.shown.items()
        }
        fill(page, KIND, blocks)
        files.append(page)
    for file in files:
        typer.echo(file)


if __name__ == "__main__":
    run(tables)
