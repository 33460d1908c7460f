import pytest
from PIL import Image

from lh_eval import InputError
from lh_eval.figures.sweep import sweep_figure
from lh_eval.results.draw import setting_label, write_figures
from lh_eval.results.run import read_run


def test_a_run_gets_a_heatmap_and_a_sweep_its_figure(make_run, tmp_path):
    run = make_run("s/dense")
    make_run("s/norm-k512", attention={"k": 512, "scorer": "norm"})
    assert [file.name for file in write_figures(run)] == ["heatmap.png", "heatmap.pdf"]
    assert [file.name for file in write_figures(tmp_path / "s")] == ["sweep.png", "sweep.pdf"]
    assert Image.open(run / "heatmap.png").width == 990
    assert Image.open(tmp_path / "s/sweep.png").width == 2040


def test_the_label_is_the_setting_or_the_folder(make_run):
    assert setting_label(read_run(make_run("a"))) == "dense"
    assert setting_label(read_run(make_run("b", attention={"k": 8, "scorer": "qk:dilation=8"}))) == "qk:dilation=8 k=8"
    assert setting_label(read_run(make_run("c", attention="other"))) == "c"


def test_an_unwritable_place_is_named(make_run, tmp_path):
    with pytest.raises(InputError, match="out must be a folder that can be written"):
        write_figures(make_run("a"), stem=tmp_path / "absent" / "x")


def test_a_sweeps_figure_names_task_and_model(make_run, tmp_path, monkeypatch):
    titles = []
    draw = sweep_figure
    monkeypatch.setattr(
        "lh_eval.figures.sweep.sweep_figure", lambda *cells, **how: titles.append(how["title"]) or draw(*cells, **how)
    )
    make_run("s/dense", model={"name": "lh-passkey"})
    make_run("t/dense")
    for name in ("s", "t"):
        write_figures(tmp_path / name)
    assert titles == ["passkey, lh-passkey", "passkey"]
