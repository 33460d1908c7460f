"""`lh-eval compare RUN_A RUN_B`: is one setting or checkpoint better than another, on the same samples?"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.results.comparison import Comparison

_RUN = "A run's folder (of a sweep, one of its settings'); A,B,C are trainings of one recipe with several seeds."


def compare(
    a: Annotated[str, typer.Argument(metavar="RUN_A", help=_RUN)],
    b: Annotated[str, typer.Argument(metavar="RUN_B", help="What is set against it; differences are B less A.")],
    json: Annotated[Path | None, typer.Option(help="File for the comparison as JSON.")] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Difference heatmap, as .png and .pdf; beside --json if not given, else none is drawn."),
    ] = None,
    level: Annotated[float, typer.Option(help="Confidence level; cells are marked below 1 - level after Holm.")] = 0.95,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="The n-th trainings of both sides share a seed; by themselves if runs say so."),
    ] = False,
    width: Annotated[Literal["single", "double"], typer.Option(help="Column width of the figure.")] = "single",
) -> None:
    """Compare two runs on the samples that both have: rates, difference with interval, exact test, Holm."""
    from lh_eval.figures.difference import difference_heatmap
    from lh_eval.figures.style import save
    from lh_eval.results.compare import compare as compare_frames
    from lh_eval.results.compare_files import comparison_values, read_side, shared_seeds, side_labels, write_comparison
    from lh_eval.statistics.rates import check_level

    check_level(level)
    first, second = read_side(a), read_side(b)
    if len(first) + len(second) > 2 and not paired and (ordered := shared_seeds(first, second)) is not None:
        first, second = ordered
        paired = True
    compared = compare_frames(
        [run.frame for run in first],
        [run.frame for run in second],
        level=level,
        paired=paired,
        questions=_questions(str(first[0].frame["task"].iloc[0])) if len(first[0].frame) else 1,
    )
    names = side_labels(first, second)
    for letter, name, runs in (("A", names[0], first), ("B", names[1], second)):
        typer.echo(f"{letter}: {name}, {', '.join(str(run.path) for run in runs)}")
    for line in table_lines(compared):
        typer.echo(line)
    stem = figure or json
    if json is not None:
        write_comparison(json, comparison_values(compared, first, second, level))
        typer.echo(f"json: {json}")
    if stem is not None:
        drawn = difference_heatmap(compared.cells, title=f"{names[1]} less {names[0]}", level=level, width=width)
        try:
            stem.parent.mkdir(parents=True, exist_ok=True)
            files = save(drawn, stem.with_suffix("") if stem.suffix in (".json", ".png", ".pdf") else stem)
        except OSError as error:
            raise InputError(f"figure must be a file that can be written, got {stem} ({error.strerror})") from None
        typer.echo(f"figure: {files[0]}")


def table_lines(compared: "Comparison") -> Iterator[str]:
    """The comparison for people: a line a cell, one for the grid, and what its intervals and tests are."""
    import pandas as pd

    from lh_eval.figures.style import length_label

    rows = []
    whole = compared.overall.iloc[0]
    for row in [*compared.cells.to_dict(orient="records"), whole.to_dict()]:
        overall = "length" not in row
        rows.append(
            {
                "length": "grid" if overall else length_label(int(row["length"])),
                "depth": "" if overall else f"{row['depth']:g}",
                "pairs": f"{row['pairs']:.0f}",
                "A": f"{row['rate_a']:.3f}",
                "B": f"{row['rate_b']:.3f}",
                "B-A": f"{row['difference']:+.3f}",
                "interval": _interval(row["ci_low"], row["ci_high"]),
                "gained": f"{row['gained']:.0f}",
                "lost": f"{row['lost']:.0f}",
                "p": _p(row["p"]),
                "p (Holm)": "" if overall else _p(row["p_holm"]),
            }
        )
    yield from pd.DataFrame(rows).to_string(index=False).splitlines()
    yield from compared.notes


def _interval(low: float, high: float) -> str:
    return "–" if low != low else f"{low:+.3f} to {high:+.3f}"


def _p(value: float) -> str:
    if value != value:
        return "–"
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"


def _questions(task: str) -> int:
    """Trials in a row that ask about one context; 1 where the task is not installed here."""
    from lh_eval.tasks.base import get_task, questions_of

    try:
        return questions_of(get_task(task))
    except InputError:
        return 1
