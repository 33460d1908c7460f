import pytest

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.progress import progress, unfinished, unfinished_note
from lh_eval.analysis.sweep import sweep_table
from lh_eval.analysis.table import results_table
from lh_eval.cli.app import main
from lh_eval.publish.caption import measured
from lh_eval.publish.draw import write_figures
from lh_eval.store.run import read_run


@pytest.fixture
def runs(make_run):
    """A finished run beside one of three trials a cell, of which two were run."""
    return {
        "dense": read_run(make_run("sweep/dense", trials=2)),
        "norm-k64": read_run(make_run("sweep/norm-k64", trials=3, attention={"scorer": "norm", "k": 64})),
    }


def test_a_run_is_finished_when_every_sample_of_its_grid_has_a_row(make_run, runs):
    assert [str(progress(run)) for run in runs.values()] == ["8 of 8", "8 of 12"]
    assert unfinished(runs["dense"]) is None
    assert progress(read_run(make_run("of-before"))) is None


@pytest.mark.parametrize(("width", "planned"), [(0.9, 8), (0.5, 16)])
def test_cells_that_get_trials_until_their_interval_is_narrow_are_planned_by_their_rows(make_run, width, planned):
    # two of two are 0.66 wide
    run = read_run(make_run("run", trials=2, until_ci=width, max_trials=4))
    assert progress(run) == (8, planned)


def test_tables_have_a_column_where_a_run_is_unfinished(runs):
    assert results_table(runs.values())["unfinished"].tolist() == ["", "8 of 12"]
    assert sweep_table(runs)["unfinished"].tolist() == ["", "8 of 12"]
    assert "unfinished" not in results_table([runs["dense"]])
    assert "unfinished" not in sweep_table({"dense": runs["dense"]})


def test_captions_say_which_run_is_unfinished(runs, tmp_path):
    note = "Unfinished: norm k=64 8 of 12 samples."
    cells = cells_of(runs["norm-k64"]).assign(setting="norm k=64", reading="context")
    assert note in measured(list(runs.values()), cells)
    assert "Unfinished" not in measured([runs["dense"]], cells)
    assert unfinished_note([("a", runs["dense"])]) == ""
    for kind in ("heatmap", "length"):
        assert note in write_figures(tmp_path / "sweep", kind, stem=tmp_path / kind)[-1].read_text()


def test_what_is_printed_and_the_report_are_marked(runs, tmp_path, capsys):
    folders = [str(run.path) for run in runs.values()]
    for command in ("table", "compare"):
        assert main([command, *folders]) == 0
        assert "nfinished" in (out := capsys.readouterr().out)
        assert "8 of 12" in out
    assert main(["report", *folders, "--no-prompts", "-o", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text().count("unfinished: 8 of 12") == 4  # three tables and the heatmap
