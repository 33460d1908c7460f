"""`lh-eval curves RUN...`: training curves in one figure, and a table of what the switch of attention did."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.figure_options import WIDTH, is_figure, named_figure, parse_width
from lh_eval.cli.options import parse_names

_NAME = "curves"


def curves(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of lh-eval train, or folders that hold some.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for curves.*, or FILE.pdf; a single run's own folder, or the current one, if none."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Losses, such as text,copy: columns of loss.csv; text (held_out if all have it),keyed,copy."),
    ] = None,
    width: Annotated[str, typer.Option(help=f"{WIDTH}.")] = "double",
    format_: Annotated[
        str | None,
        typer.Option("--format", help="Some of png,pdf,svg, beside the one of FILE.pdf; png,pdf if neither is given."),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Have LaTeX set the text, in the paper's letters.")] = False,
) -> None:
    """Draw losses over tokens, a colour a recipe, with a close look at the switch to dense attention.

    Beside the figure: NAME.txt is its caption; NAME.csv, .md and .tex are the table that is printed.
    """
    from lh_eval.analysis.curves import read_curves
    from lh_eval.publish.curves import write_curves
    from lh_eval.publish.curves_table import curves_text
    from lh_eval.publish.draw import FigureOptions

    given = None if format_ is None else parse_names(format_, "format")
    names = None if columns is None else parse_names(columns, "column")
    found = read_curves(runs)
    if out is not None and is_figure(out):
        stem, formats = named_figure(out, given)
    else:
        formats = given or ["png", "pdf"]
        stem = (out or (found[0].path if len(found) == 1 else Path())) / _NAME
    options = FigureOptions(width=parse_width(width), latex=latex, formats=formats)
    written = write_curves(found, stem, columns=names, options=options)
    typer.echo(curves_text(written.table).to_string(index=False))
    for file in written.files:
        typer.echo(file)
