"""A comparison as JSON and as a figure with its caption."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lh_eval.analysis.comparison import Comparison
from lh_eval.figures.style import Width
from lh_eval.publish.caption import of_comparison
from lh_eval.publish.tabular import one_line
from lh_eval.publish.writing import write_text, writing


def write_comparison(file: Path, values: Mapping[str, Any]) -> Path:
    """Write what `comparison_values` made; the same runs give the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    return write_text(file, comparison_json(values), option="json")


def comparison_json(values: Mapping[str, Any]) -> str:
    """The same as text."""
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def write_difference(
    compared: Comparison,
    values: Mapping[str, Any],
    names: tuple[str, str],
    stem: Path,
    *,
    formats: Sequence[str] = ("png", "pdf"),
    width: Width = "single",
) -> list[Path]:
    """Draw the difference of each cell, with its caption.

    Args:
        compared: the comparison.
        values: the same as `comparison_values` made it.
        names: of both sides.
        stem: where to write, without suffix.
        formats: some of png, pdf and svg.
        width: "single" or "double" column, or inches.

    Raises:
        InputError: the files cannot be written.
    """
    from lh_eval.figures.difference import difference_heatmap
    from lh_eval.figures.style import save

    shared = {run["model"] for side in (values["a"], values["b"]) for run in side}
    model = next(iter(shared)) if len(shared) == 1 else None
    title = one_line(", ".join(filter(None, [model, f"{names[1]} less {names[0]}"])))
    figure = difference_heatmap(compared.cells, title=title, level=values["level"], width=width)
    with writing(stem, option="figure"):
        return save(figure, stem, formats, caption=of_comparison(values, names))
