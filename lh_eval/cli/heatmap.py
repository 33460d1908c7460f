"""`lh-eval heatmap RUN...`: draw the figures of runs and sweeps again, from their files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lh_eval.errors import InputError


def heatmap(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or of sweeps.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures, named after the runs; each run's own by default.")
    ] = None,
    width: Annotated[
        Literal["single", "double"] | None,
        typer.Option(
            help="Column width of a paper; single (3.3 in) for a run, double (6.8 in) for a sweep by default."
        ),
    ] = None,
) -> None:
    """Draw heatmap.png and .pdf of each run, sweep.png and .pdf of each sweep, from samples.jsonl."""
    from lh_eval.results.draw import write_figures

    names = [run.resolve().name for run in runs]
    if out is not None:
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"runs must have different names with --out, got {min(twice)!r} twice; draw one at a time")
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"out must be a folder, got {out} ({error.strerror}); choose another --out") from None
    for run, name in zip(runs, names, strict=True):
        for file in write_figures(run, stem=out / name if out else None, width=width):
            typer.echo(file)
