"""`lh-eval heatmap RUN...`: draw the figures of runs and sweeps again, from their files."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.figure_options import WIDTH, is_figure, named_figure, parse_width
from lh_eval.cli.options import parse_names
from lh_eval.cli.panels import OUTPUT, HelpAll
from lh_eval.errors import InputError
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import FigureKind


def heatmap(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or of sweeps.")],
    kind: Annotated[
        FigureKind,
        typer.Option(
            metavar="KIND",
            help="heatmap, difference, length, recall, latency, seeds or spread; heatmap: "
            "rates, a sweep's as families by budget, those of several checkpoints or tasks by name. "
            "difference: each setting minus dense. length: rates over length with 95 % intervals. recall: selection "
            "recall beside rates. latency: rates over time. Of all RUNs together: seeds: a heatmap a training, equal "
            "seeds side by side. spread: means over training seeds, and what seeds differ by.",
        ),
    ] = "heatmap",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the figures, named after the runs, or FILE.pdf of one, or of all RUNs together; each "
            "run's own if none, the current one for seeds and spread."
        ),
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(help=f"{WIDTH}; as suits the figure if none.", rich_help_panel=OUTPUT),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="Some of png,pdf,svg, beside the one of FILE.pdf; png,pdf if neither is given.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    palette: Annotated[
        Palette, typer.Option(help="Colours of rates; each keeps its order in grey.", rich_help_panel=OUTPUT)
    ] = "cividis",
    latex: Annotated[
        bool, typer.Option("--latex", help="Have LaTeX set the text, in the paper's letters.", rich_help_panel=OUTPUT)
    ] = False,
    bench: Annotated[
        list[Path] | None,
        typer.Option(metavar="CSV", help="Times of lh-eval bench for latency; the rows' own seconds if none."),
    ] = None,
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Draw figures of runs and sweeps from their rows, at a paper's print size; NAME.txt beside each is its caption."""
    from lh_eval.publish.draw import FigureOptions, write_figures
    from lh_eval.publish.seeds import write_seed_figures

    given = None if format_ is None else parse_names(format_, "format")
    together = kind in ("seeds", "spread")
    if bench and kind != "latency":
        raise InputError(f"bench must be given for --kind latency, got it for {kind}; leave --bench out")
    one_file = out is not None and is_figure(out)
    if out is not None and one_file:
        named, formats = named_figure(out, given)
        stems: list[Path | None] = [named]
    else:
        formats = given or ["png", "pdf"]
        stems = [(out or Path()) / kind] if together else _stems(runs, kind, out)
    options = FigureOptions(
        width=None if width is None else parse_width(width),
        palette=palette,
        latex=latex,
        formats=formats,
        bench=bench or (),
    )
    if kind == "seeds" or kind == "spread":
        files = write_seed_figures(runs, kind, stem=stems[0] or kind, options=options)
    elif one_file:
        files = write_figures(runs, kind, stem=stems[0], options=options)
    else:
        drawn = (write_figures(run, kind, stem=stem, options=options) for run, stem in zip(runs, stems, strict=True))
        files = [file for one in drawn for file in one]
    for file in files:
        typer.echo(file)


def _stems(runs: list[Path], kind: FigureKind, out: Path | None) -> list[Path | None]:
    """Where each run's figure goes; None is its own folder."""
    names = [run.resolve().name for run in runs]
    twice = {name for name in names if names.count(name) > 1}
    if out is not None and twice:
        raise InputError(f"runs must have different names with --out, got {min(twice)!r} twice; draw one at a time")
    return [None if out is None else out / (name if kind == "heatmap" else f"{name}-{kind}") for name in names]
