import shutil

import pytest

from lh_eval import InputError
from lh_eval.figures.heatmap import heatmap
from lh_eval.figures.latex import check_latex, escape, typeset
from lh_eval.figures.lines import write_plainly
from lh_eval.figures.style import new_figure, save, style


def test_what_latex_would_read_as_commands_is_escaped():
    assert (
        escape("niah_single_2 (50 %) −0.10 10–20 a\\b") == r"niah\_single\_2 (50 \%) $-$0.10 10--20 a\textbackslash{}b"
    )


def test_powers_of_ten_are_raised_and_a_name_between_dollars_is_no_formula():
    with style():
        figure = new_figure(2, 2)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        axes.set_title(r"$x$\input{x}")
        axes.set(xscale="log", xlim=(1e-1, 1e4))
        write_plainly(axes.xaxis)
        figure.draw_without_rendering()  # it would end here, were it a formula
        assert {"10⁻²", "10²"} <= {tick.label1.get_text() for tick in axes.xaxis.get_major_ticks()}
    typeset(figure)
    assert axes.get_title() == r"\$x\$\textbackslash{}input\{x\}"
    assert "10$^{-}$$^{2}$" in [tick.label1.get_text() for tick in axes.xaxis.get_major_ticks()]


def test_without_latex_it_says_so(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="got no latex and no dvipng; install TeX Live"):
        check_latex()


def test_what_latex_refuses_is_one_line(make_cells, tmp_path, monkeypatch):
    figure = heatmap(make_cells())

    def fail(*args, **how):
        raise RuntimeError("latex was not able to process\nmany lines\n! LaTeX Error: File `type1ec.sty' not found.")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(InputError, match="got ! LaTeX Error: File `type1ec") as refused:
        save(figure, tmp_path / "x")
    assert "\n" not in str(refused.value)


def test_every_tick_that_is_drawn_is_set():
    with style():
        figure = new_figure(2, 2)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        axes.plot([0, 7], [0, 7])
        figure.draw_without_rendering()
    typeset(figure)
    with style():
        for axis in (axes.xaxis, axes.yaxis):
            ticks = axis.get_major_ticks(len(axis.get_majorticklocs()))
            assert all(tick.label1.get_usetex() for tick in ticks)


@pytest.mark.skipif(shutil.which("latex") is None or shutil.which("dvipng") is None, reason="needs LaTeX")
def test_latex_sets_it_with_embedded_fonts_and_the_same_pixels(make_cells, tmp_path):
    files = []
    for name in "ab":
        figure = heatmap(make_cells(), title="niah_single_2, 50 % & more")
        typeset(figure)
        files += save(figure, tmp_path / name)
    image, pdf, again, _ = (file.read_bytes() for file in files)
    assert image == again
    assert b"/FontFile" in pdf
    assert b"+CMR" in pdf
    assert b"/Type3" not in pdf
