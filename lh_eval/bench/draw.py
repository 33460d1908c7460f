"""The figure of a table: `operator.png` and `.pdf` beside `operator.csv`."""

from pathlib import Path

from lh_eval.bench.summary import setting
from lh_eval.bench.table import newest, read_table
from lh_eval.errors import InputError


def write_figure(path: Path) -> list[Path]:
    """Draw the newest rows of the last row's card, shape and pyramid.

    Returns:
        The PNG and the PDF.

    Raises:
        InputError: the table cannot be read, or the figure not be written.
    """
    from lh_eval.figures.bench import bench_figure
    from lh_eval.figures.style import save

    rows = newest(read_table(path))
    figure = bench_figure(rows, title=setting(rows))
    stem = path.with_suffix("")
    try:
        return save(figure, stem)
    except OSError as error:
        raise InputError(f"figure must go to a folder that can be written, got {stem} ({error.strerror})") from None
