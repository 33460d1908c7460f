"""Figures of runs and sweeps, drawn from their files: `heatmap.png` and `.pdf`, `sweep.png` and `.pdf`."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.style import Width
from lh_eval.results.run import Run, read_run
from lh_eval.results.sweep import DENSE, Sweep, is_sweep, read_sweep

if TYPE_CHECKING:
    import pandas as pd


def write_figures(path: str | Path, *, stem: str | Path | None = None, width: Width | None = None) -> list[Path]:
    """Draw the heatmap of a run, or the settings of a sweep side by side.

    Args:
        path: folder of a run or of a sweep.
        stem: where to write, without suffix; `heatmap` or `sweep` in the folder itself where None.
        width: "single" or "double" column; where None, single for a run and double for a sweep.

    Returns:
        The PNG and the PDF.

    Raises:
        InputError: the folder is neither, holds no samples, or cannot be written.
    """
    from lh_eval.figures.heatmap import heatmap
    from lh_eval.figures.style import save
    from lh_eval.figures.sweep import sweep_figure

    path = Path(path)
    if is_sweep(path):
        sweep = read_sweep(path)
        figure = sweep_figure(_settings(sweep), title=_subject(sweep), baseline=DENSE, width=width or "double")
    else:
        run = read_run(path)
        title = ", ".join([*run.frame["task"].unique(), setting_label(run)])
        figure = heatmap(run.cells(), title=title, width=width or "single")
    stem = stem or path / ("sweep" if is_sweep(path) else "heatmap")
    try:
        return save(figure, stem)
    except OSError as error:
        raise InputError(f"out must be a folder that can be written, got {stem} ({error.strerror})") from None


def setting_label(run: Run) -> str:
    """How a figure names a run's setting: `dense`, `qk:dilation=8 k=2048`, or else the folder's name."""
    attention = run.config.get("attention", {})
    if attention is None:
        return DENSE
    if isinstance(attention, dict) and {"k", "scorer"} <= attention.keys():
        return f"{attention['scorer']} k={attention['k']}"
    return run.path.resolve().name


def _subject(sweep: Sweep) -> str:
    """The task and the model that a sweep's runs share, as far as their configurations say."""
    config = next(iter(sweep.runs.values())).config
    model = config.get("model")
    names = [config.get("task"), model.get("name") if isinstance(model, dict) else model]
    return ", ".join(name for name in names if isinstance(name, str))


def _settings(sweep: Sweep) -> "dict[str, pd.DataFrame]":
    labels = {name: DENSE if name == DENSE else setting_label(run) for name, run in sweep.runs.items()}
    # Two folders may hold one budget and scorer that differ in another setting: then the folders' names tell.
    unique = len(set(labels.values())) == len(labels)
    return {labels[name] if unique else name: run.cells() for name, run in sweep.runs.items()}
