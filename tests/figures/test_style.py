import hashlib
import os
import subprocess
import sys
import time

import matplotlib
import pytest
from PIL import Image

from lh_eval import InputError
from lh_eval.figures.heatmap import heatmap
from lh_eval.figures.style import WIDTHS, inches, save, style
from lh_eval.lengths import length_label, length_labels


@pytest.mark.parametrize(
    ("length", "label"),
    [(512, "512"), (1024, "1K"), (4096, "4K"), (98304, "96K"), (4000, "4000"), (1048576, "1M"), (1536, "1536")],
)
def test_length_labels(length, label):
    assert length_label(length) == label


def test_lengths_of_one_axis_are_written_in_one_way():
    assert length_labels([512, 2048, 1048576]) == ["512", "2K", "1M"]
    assert length_labels([512, 2048, 8000]) == ["512", "2048", "8000"]


@pytest.mark.parametrize("width", ["single", "double"])
def test_files_have_the_column_width_and_embedded_truetype(make_cells, tmp_path, width):
    png, pdf = save(heatmap(make_cells(), title="é, norm k=512", width=width), tmp_path / "norm-k512.v2")
    assert [png.name, pdf.name] == ["norm-k512.v2.png", "norm-k512.v2.pdf"]
    image = Image.open(png)
    assert image.width == round(WIDTHS[width] * 300)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    data = pdf.read_bytes()
    assert b"/FontFile2" in data
    assert b"/Type3" not in data
    assert b"/MediaBox [ 0 0 %g " % (WIDTHS[width] * 72) in data
    assert sorted(file.name for file in tmp_path.iterdir()) == ["norm-k512.v2.pdf", "norm-k512.v2.png"]


@pytest.mark.long
def test_the_same_figure_gives_the_same_bytes_at_another_time_in_another_process(make_cells, tmp_path):
    program = """
import sys
import pandas as pd
from lh_eval import InputError
from lh_eval.figures.heatmap import heatmap
from lh_eval.figures.style import save
save(heatmap(pd.read_json(sys.argv[1]).astype({"rate": float}), title="again"), sys.argv[2])
"""
    cells = make_cells(rate=lambda length, depth: None if depth == 0 else 0.25)
    cells.to_json(tmp_path / "cells.json")
    here = save(heatmap(cells, title="again"), tmp_path / "here")
    time.sleep(1.1)
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    arguments = [sys.executable, "-c", program, str(tmp_path / "cells.json"), str(tmp_path / "there")]
    subprocess.run(arguments, check=True, env=environment)
    for file in here:
        other = tmp_path / f"there{file.suffix}"
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), file.suffix


def test_drawing_leaves_no_trace_in_matplotlib(make_cells, tmp_path):
    from matplotlib import pyplot

    with matplotlib.rc_context({"font.size": 31}):
        before = dict(matplotlib.rcParams)
        save(heatmap(make_cells()), tmp_path / "x")
        assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def test_the_users_own_settings_do_not_change_the_figure(make_cells, tmp_path):
    plain = save(heatmap(make_cells()), tmp_path / "plain")[0].read_bytes()
    with matplotlib.rc_context({"font.size": 31, "axes.grid": True, "savefig.bbox": "tight", "lines.linewidth": 9}):
        assert save(heatmap(make_cells()), tmp_path / "loud")[0].read_bytes() == plain


def test_svg_has_the_same_bytes_too_and_another_format_is_refused(make_cells, tmp_path):
    (one,), (other,) = (save(heatmap(make_cells()), tmp_path / name, ["svg"]) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    with pytest.raises(InputError, match="format must be one of pdf, png, svg, got 'jpg'"):
        save(heatmap(make_cells()), tmp_path / "c", ["jpg"])


@pytest.mark.parametrize(("width", "expected"), [("single", 3.25), ("double", 6.75), (5, 5.0), (2.0, 2.0)])
def test_widths(width, expected):
    assert inches(width) == expected


@pytest.mark.parametrize("width", ["triple", 1.9, 41, float("nan"), -3])
def test_widths_that_no_figure_has(width):
    with pytest.raises(InputError, match="width must be single"):
        inches(width)


def test_style_is_undone_after_an_error():
    before = matplotlib.rcParams["pdf.fonttype"]
    with pytest.raises(ZeroDivisionError), style():
        _ = 1 / 0
    assert matplotlib.rcParams["pdf.fonttype"] == before


def test_a_caption_stands_beside_the_figure(tmp_path, make_cells):
    assert save(heatmap(make_cells()), tmp_path / "a.b", ["png"], caption="é") == [
        tmp_path / "a.b.png",
        tmp_path / "a.b.txt",
    ]
    assert (tmp_path / "a.b.txt").read_text(encoding="utf-8") == "é\n"
