"""`lh-eval compare RUN_A RUN_B`: is one setting or checkpoint better than another, on the same samples?"""

import functools
from pathlib import Path
from typing import Annotated, Literal

import typer

from lh_eval.cli.shared import STDOUT

_RUN = "A run's folder (of a sweep, one of its settings'); A,B,C are trainings of one recipe with several seeds."


def compare(
    a: Annotated[str, typer.Argument(metavar="RUN_A", help=_RUN)],
    b: Annotated[str, typer.Argument(metavar="RUN_B", help="What is set against it; differences are B less A.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for table.csv and table.tex, comparison.json, and difference.png, .pdf and .txt."),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for the comparison as JSON; - prints it."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="Difference heatmap: in one format if it ends in .png, .pdf or .svg, else as .png and .pdf; with its "
            "caption. Beside --json if not given, else none without --out."
        ),
    ] = None,
    level: Annotated[float, typer.Option(help="Confidence level; cells are marked below 1 - level after Holm.")] = 0.95,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="The n-th trainings of both sides share a seed; by themselves if runs say so."),
    ] = False,
    width: Annotated[Literal["single", "double"], typer.Option(help="Column width of the figure.")] = "single",
) -> None:
    """Compare two runs on the samples that both have: rates, difference with interval, exact test, Holm."""
    from lh_eval.analysis.compare import compare as compare_frames
    from lh_eval.analysis.pairing import questions_of_task
    from lh_eval.analysis.progress import unfinished_note
    from lh_eval.analysis.sides import comparison_values, read_side, shared_seeds, side_labels, side_models
    from lh_eval.cli.figure_options import named_figure
    from lh_eval.publish.comparison import comparison_json, write_comparison, write_difference
    from lh_eval.publish.comparison_table import comparison_text, write_comparison_table
    from lh_eval.publish.tabular import one_line
    from lh_eval.statistics.rates import check_level

    check_level(level)
    printed = json == STDOUT
    say = functools.partial(typer.echo, err=printed)
    first, second = read_side(a), read_side(b)
    if len(first) + len(second) > 2 and not paired and (ordered := shared_seeds(first, second)) is not None:
        first, second = ordered
        paired = True
    compared = compare_frames(
        [run.frame for run in first],
        [run.frame for run in second],
        level=level,
        paired=paired,
        questions=questions_of_task(str(first[0].frame["task"].iloc[0])) if len(first[0].frame) else 1,
    )
    names = side_labels(first, second)
    if note := unfinished_note([*(("A", run) for run in first), *(("B", run) for run in second)]):
        compared = compared._replace(notes=[*compared.notes, note.rstrip(".")])
    models = side_models(first, second)
    for letter, name, model, runs in (("A", names[0], models[0], first), ("B", names[1], models[1], second)):
        folders = ", ".join(str(run.path) for run in runs)
        more = [] if folders in name else [*([model] if model and not name.startswith(model) else []), folders]
        say(one_line(f"{letter}: {', '.join([name, *more])}"))
    say(comparison_text(compared).to_string(index=False))
    for note in compared.notes:
        say(one_line(note))
    if out is not None:
        for file in write_comparison_table(compared, names, out, models=models):
            say(f"table: {file}")
        json, figure = json or out / "comparison.json", figure or out / "difference"
    values = comparison_values(compared, first, second, level)
    if printed:
        typer.echo(comparison_json(values), nl=False)
    elif json is not None:
        write_comparison(json, values)
        say(f"json: {json}")
        figure = figure or (json.with_suffix("") if json.suffix == ".json" else json)
    if figure is not None:
        stem, formats = named_figure(figure)
        files = write_difference(compared, values, names, stem, formats=formats, width=width)
        say(f"figure: {files[0]}")
