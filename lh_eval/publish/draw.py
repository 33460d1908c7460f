"""Figures of runs and sweeps, drawn from their files, each with its caption as text."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.analysis.groups import group_cells, grouped
from lh_eval.analysis.misses import misses
from lh_eval.analysis.settings import labelled, setting_cells, setting_label
from lh_eval.analysis.timing import timed_by_bench, timed_by_rows
from lh_eval.errors import InputError
from lh_eval.figures import captions
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import RunKind, Width
from lh_eval.publish.caption import measured, subject
from lh_eval.publish.writing import writing
from lh_eval.statistics import rank_correlation
from lh_eval.store.finding import find_runs
from lh_eval.store.run import Run, is_run, read_run
from lh_eval.store.sweep import DENSE, is_sweep, read_sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """How figures are drawn.

    Attributes:
        width: "single" or "double" column, or inches; where None, that which suits the kind.
        palette: colours of rates and budgets.
        latex: whether LaTeX sets the text.
        formats: some of png, pdf and svg.
        bench: files of `lh-eval bench`, for the time in a figure of latency; the rows' own where empty.
    """

    width: Width | None = None
    palette: Palette = "cividis"
    latex: bool = False
    formats: Sequence[str] = ("png", "pdf")
    bench: Sequence[Path] = ()


def write_figures(
    path: str | Path | Sequence[str | Path],
    kind: RunKind = "heatmap",
    *,
    stem: str | Path | None = None,
    options: FigureOptions | None = None,
) -> list[Path]:
    """Draw a run, the settings of a sweep side by side, or runs of several checkpoints or tasks under their names.

    Args:
        path: folder of a run, of a sweep, or that holds such; or several of them, drawn together.
        kind: what to draw; of several checkpoints or tasks, "heatmap" or "length".
        stem: where to write, without suffix; where None, the kind's name in the folder itself, `sweep` for the
            heatmaps of a sweep.
        options: how to draw it.

    Returns:
        The files of the figure in the order of the formats, and the text file of its caption.

    Raises:
        InputError: the folder holds no run or no samples, is of several checkpoints or tasks that the kind cannot
            tell apart, lacks what the kind needs, or cannot be written.
    """
    options = options or FigureOptions()
    check_options(options)
    paths = [path] if isinstance(path, str | Path) else list(path)
    runs = _read(list(map(Path, paths)))
    groups = grouped(runs)
    single = len(paths) == 1 and is_run(Path(paths[0]))
    if len(groups) == 1:
        figure, text = _draw(runs, kind, options, sweep=not single)
        pages = [figure]
    else:
        pages, text = _draw_groups(groups, kind, options)
    name = "sweep" if kind == "heatmap" and not single else kind
    return save_pages(pages, stem or Path(paths[0]) / name, options, text)


def _read(paths: Sequence[Path]) -> dict[str, Run]:
    """The runs of the folders, by what of their paths is their own."""
    if len(paths) == 1 and is_run(paths[0]):
        return {paths[0].resolve().name: read_run(paths[0])}
    if len(paths) == 1 and is_sweep(paths[0]):
        return read_sweep(paths[0]).runs
    runs = find_runs(paths)
    places = [run.path.absolute() for run in runs]
    shared = Path(os.path.commonpath([place.parent for place in places]))
    return {place.relative_to(shared).as_posix(): run for place, run in zip(places, runs, strict=True)}


def _draw_groups(
    groups: Mapping[tuple[str, str], Mapping[str, Run]], kind: RunKind, options: FigureOptions
) -> "tuple[list[Figure], str]":
    """The pages of a figure of several checkpoints or tasks, and its caption."""
    from lh_eval.figures.groups import groups_figures
    from lh_eval.figures.length import length_figure

    if kind not in ("heatmap", "length"):
        told = "; ".join(f"{task} by {model or 'an unnamed one'}" for task, model in groups)
        raise InputError(
            f"runs must be of one task and checkpoint for --kind {kind}, got {told}; draw one folder at a time, or "
            "--kind heatmap or length"
        )
    runs = [run for own in groups.values() for run in own.values()]
    cells = group_cells(groups)
    title = ", ".join(filter(None, [subject(runs), f"n={captions.samples_per_cell(cells['n'])} per cell"]))
    width: Width = options.width or "double"
    if kind == "heatmap":
        figures = groups_figures(cells, title=title, width=width, palette=options.palette)
        text = captions.of_heatmap(cells)
    else:
        # a panel a task, a marker a checkpoint, a shade a setting
        names = list(dict.fromkeys(cells["name"]))
        several = cells["model"].nunique() > 1
        lines = (cells["model"] + " " if several else "") + cells["name"]
        shown = cells.assign(panel=cells["task"], setting=lines, family=cells["model"], budget_name="setting")
        shown["budget"] = cells["name"].map(names.index).astype(float)
        figures = [length_figure(shown, title=title, width=width, palette=options.palette)]
        text = captions.of_length(cells)
    return figures, f"{text} {measured(runs, cells)}"


def check_options(options: FigureOptions) -> None:
    """Raise InputError if LaTeX is to set the text and is not there."""
    if options.latex:
        from lh_eval.figures.latex import check_latex

        check_latex()


def save_pages(figures: "Sequence[Figure]", stem: str | Path, options: FigureOptions, text: str) -> list[Path]:
    """Write the pages of a figure, and the caption of all beside the first."""
    from lh_eval.figures.latex import typeset
    from lh_eval.figures.style import save

    names = [f"{Path(stem).name}-{place}" for place in range(2, len(figures) + 1)]
    text += f" Continued in {', '.join(names)}." if names else ""
    files = []
    with writing(Path(stem).parent, what="folder"):
        for figure, name in zip(figures, [Path(stem).name, *names], strict=True):
            if options.latex:
                typeset(figure)
            caption = text if figure is figures[0] else None
            files += save(figure, Path(stem).with_name(name), options.formats, caption=caption)
    return files


def _draw(runs: Mapping[str, Run], kind: RunKind, options: FigureOptions, *, sweep: bool) -> "tuple[Figure, str]":
    """The figure and its caption."""
    from lh_eval.figures.heatmap import heatmap
    from lh_eval.figures.latency import latency_figure
    from lh_eval.figures.length import length_figure
    from lh_eval.figures.recall import recall_figure
    from lh_eval.figures.sweep import sweep_figure

    cells = setting_cells(runs)
    ordered = list(runs.values())
    title = f"{subject(ordered)}, n={captions.samples_per_cell(cells['n'])} per cell"
    wide = kind in ("difference", "recall") or (sweep and kind != "latency")
    width: Width = options.width or ("double" if wide else "single")
    if kind == "heatmap" and not sweep:
        (run,) = ordered
        title = ", ".join(filter(None, [subject(ordered), setting_label(run)]))
        figure, text = heatmap(cells, title=title, width=width, palette=options.palette), captions.of_heatmap(cells)
    elif kind in ("heatmap", "difference"):
        differs = kind == "difference"
        figure = sweep_figure(cells, title=title, difference=differs, width=width, palette=options.palette)
        text = captions.of_difference(cells) if differs else captions.of_heatmap(cells)
    elif kind == "length":
        figure, text = (
            length_figure(cells, title=title, width=width, palette=options.palette),
            captions.of_length(cells),
        )
    elif kind == "recall":
        told = misses({label: run.frame for label, run in labelled(runs).items() if label != DENSE})
        figure = recall_figure(cells, told, title=title, width=width, palette=options.palette)
        sparse = cells[cells["family"].notna()]
        found = {
            str(setting): rank_correlation(own["selection_recall"].tolist(), own["rate"].tolist())
            for setting, own in sparse.groupby("setting", sort=False)
        }
        text = captions.of_recall(cells, found, told)
    else:
        timed = timed_by_bench(cells, options.bench) if options.bench else timed_by_rows(cells)
        figure = latency_figure(timed.points, label=timed.label, title=title, width=width, palette=options.palette)
        text = captions.of_latency(**timed._asdict())
    return figure, f"{text} {measured(ordered, cells)}"
