import pytest

from lh_eval import InputError
from lh_eval.publish.draw import FigureOptions
from lh_eval.publish.seeds import write_seed_figures


@pytest.fixture
def trainings(make_run):
    def make(*names):
        return [
            make_run(f"{name}/dense", score=lambda length, *_, one="norm-s1" in name: one or length < 2048)
            for name in names
        ]

    return make


def test_each_kind_has_its_figure_and_says_seeds_spread_and_weights(trainings, tmp_path):
    runs = trainings("norm-s0", "norm-s1", "qk-s0")
    png = FigureOptions(formats=["png"])
    files = write_seed_figures(runs, "seeds", stem=tmp_path / "f/seeds", options=png)
    assert [file.name for file in files] == ["seeds.png", "seeds.txt"]
    text = files[1].read_text()
    assert "There is no qk of seed 1." in text
    assert "norm 0.75 ± 0.35, 2 seeds: 0.50 (seed 0), 1.00 (seed 1); qk 0.50 (seed 0)." in text
    assert "setting dense; 2 samples per cell and training, 24 in all" in text
    assert "Training seeds (weights sha256): norm 0, 1; qk 0." in text
    text = write_seed_figures(runs, "spread", stem=tmp_path / "f/spread", options=png)[1].read_text()
    assert "over 1 or 2 seeds in each cell" in text
    assert "norm 0.00 to 1.00 at 2K, depth 0 %" in text


def test_spread_needs_a_recipe_with_two_seeds(trainings, tmp_path):
    with pytest.raises(InputError, match="several seeds, got one of each of norm, qk"):
        write_seed_figures(trainings("norm-s0", "qk-s1"), "spread", stem=tmp_path / "x")


def test_what_does_not_fit_a_page_goes_on_in_another_file(trainings, tmp_path, monkeypatch):
    monkeypatch.setattr("lh_eval.publish.seeds.PAGE_HEIGHT", 4.5)
    runs = trainings("norm-s0", "norm-s1", "norm-s2")
    files = write_seed_figures(runs, "seeds", stem=tmp_path / "s.v2", options=FigureOptions(width=2.0, formats=["svg"]))
    assert [file.name for file in files] == ["s.v2.svg", "s.v2.txt", "s.v2-2.svg"]
    assert files[1].read_text().endswith(" Continued in s.v2-2.\n")
