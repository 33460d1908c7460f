import pytest
from mixed_sweep import LABELS, write_mixed
from PIL import Image

from lh_eval import InputError
from lh_eval.figures.sweep import sweep_figure
from lh_eval.publish.draw import FigureOptions, write_figures


def test_a_run_gets_a_heatmap_and_a_sweep_its_figure(make_run, tmp_path):
    run = make_run("s/dense")
    make_run("s/norm-k512", attention={"k": 512, "scorer": "norm"})
    assert [file.name for file in write_figures(run)] == ["heatmap.png", "heatmap.pdf", "heatmap.txt"]
    assert [file.name for file in write_figures(tmp_path / "s")] == ["sweep.png", "sweep.pdf", "sweep.txt"]
    assert Image.open(run / "heatmap.png").width == 975
    assert Image.open(tmp_path / "s/sweep.png").width == 2025


def test_an_unwritable_place_is_named(make_run, tmp_path):
    with pytest.raises(InputError, match="out must be a folder that can be written"):
        write_figures(make_run("a"), stem=tmp_path / "a/config.json/x")


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
    assert titles == ["passkey, lh-passkey, n=2 per cell", "passkey, n=2 per cell"]


@pytest.mark.parametrize("kind", ["difference", "length", "recall", "latency"])
def test_each_kind_has_its_files_and_a_caption(make_run, tmp_path, kind):
    make_run("s/dense")
    make_run("s/norm-k512", attention={"k": 512, "scorer": "norm"}, recall=0.5)
    files = write_figures(tmp_path / "s", kind, options=FigureOptions(width=4.0, formats=["svg"]))
    assert [file.name for file in files] == [f"{kind}.svg", f"{kind}.txt"]
    assert 'width="288pt"' in files[0].read_text()
    assert "Task passkey; model unnamed; 2 samples per cell, 16 in all; seed 0." in files[1].read_text()


@pytest.mark.parametrize("kind", ["heatmap", "difference", "length", "recall", "latency"])
def test_settings_that_share_no_budgets_are_one_figure(make_run, tmp_path, kind):
    write_mixed(make_run, "s")
    figure, caption = write_figures(tmp_path / "s", kind, options=FigureOptions(width="double", formats=["png"]))
    assert Image.open(figure).width == 2025
    text = caption.read_text()
    assert all(label in text for label in LABELS.values())
    assert "Readings: prompt (context and question are read under the setting); context (" in text
    assert "window tokens=1024 prompt" in text
    assert "press:snapkv ratio=0.5 context" in text


def test_a_reading_that_all_share_is_named_once(make_run, tmp_path):
    write_mixed(make_run, "s", readings={})
    caption = write_figures(tmp_path / "s", options=FigureOptions(formats=["png"]))[-1].read_text()
    assert " Reading: prompt (context and question are read under the setting)." in caption
    write_mixed(make_run, "t", readings=dict.fromkeys(LABELS, "context"))
    assert "eading" not in write_figures(tmp_path / "t", options=FigureOptions(formats=["png"]))[-1].read_text()


def test_several_checkpoints_are_panels_with_their_names_or_refused(make_run, tmp_path):
    for name in ("one", "other"):
        make_run(f"s/{name}", model={"name": name, "weights_sha256": name * 20})
    options = FigureOptions(formats=["svg"])
    for kind in ("heatmap", "length"):
        caption = write_figures(tmp_path / "s", kind, options=options)[-1].read_text()
        assert "models one (weights sha256 oneoneoneone), other (weights sha256 otherotherot)" in caption
    with pytest.raises(InputError, match="one task and checkpoint for --kind recall, got passkey by one; passkey by o"):
        write_figures(tmp_path / "s", "recall", options=options)
