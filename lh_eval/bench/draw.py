"""The figure of a table: `operator.png` and `.pdf` beside `operator.csv`."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.analysis.measured import newest, setting_of
from lh_eval.errors import InputError
from lh_eval.store.measurements import read_measurements

if TYPE_CHECKING:
    from lh_eval.figures.style import Width


def write_figure(path: Path, scorer: str | None = None, width: "Width" = "double") -> list[Path]:
    """Draw the newest rows of the last row's card, shape and setting, or of that scorer's last row.

    Returns:
        The PNG and the PDF.

    Raises:
        InputError: the table cannot be read, or the figure not be written.
    """
    from lh_eval.figures.bench import bench_figure
    from lh_eval.figures.style import save

    rows = newest(read_measurements(path), scorer)
    figure = bench_figure(rows, title=setting_of(rows), width=width)
    stem = path.with_suffix("")
    try:
        return save(figure, stem)
    except OSError as error:
        raise InputError(f"figure must go to a folder that can be written, got {stem} ({error.strerror})") from None
