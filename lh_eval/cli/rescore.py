"""`lh-eval rescore RUN...`: score stored rows again, without the model."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.errors import InputError


def rescore(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or of sweeps.")],
    scoring: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Scoring rule, such as any or normalised; each row's own if not given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the runs with their new scores; nothing is written without.")
    ] = None,
) -> None:
    """Score the rows of runs again from what the model said, and say how many scores change."""
    from lh_eval.analysis.sweep import sweep_summary
    from lh_eval.runs.rescore import rescore as score_again
    from lh_eval.runs.rescore import write_rescored
    from lh_eval.store.sweep import is_sweep, read_settings, read_sweep, write_sweep

    # several runs go into folders named after them, a sweep's settings into a folder each
    places = {Path(run.resolve().name if len(runs) > 1 else ""): run for run in runs}
    if out is not None:
        if len(places) != len(runs):
            raise InputError("runs must have different names with --out, got one twice; rescore them one at a time")
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(f"out must be a new or empty folder, got {out}; choose another --out")
    settings = {place: list(read_sweep(run).runs) if is_sweep(run) else [] for place, run in places.items()}
    rescored = {
        place / name: score_again(run / name, scoring)
        for place, run in places.items()
        for name in settings[place] or [""]
    }
    for place, result in rescored.items():
        old, new = (sum(row.score or 0 for row in rows) for rows in (result.before, result.after))
        counted = sum(row.score is not None for row in result.after)
        typer.echo(f"{result.path}: {result.changed} of {counted} scores change, hits {old:g} -> {new:g}")
        if out is not None:
            write_rescored(result, out / place, scoring)
    if out is not None:
        for place, names in settings.items():
            if names:
                write_sweep(out / place, sweep_summary(read_settings(out / place, names)))
        typer.echo(f"written: {out}")
