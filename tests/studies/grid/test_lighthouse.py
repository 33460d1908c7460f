import json
import shutil

import pytest
from tiny_grid import write_grid

from lh_eval.studies.grid.lighthouse import lighthouse_table
from lh_eval.studies.grid.trainings import read_grid

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("few_resamples")]


@pytest.fixture
def grid(tmp_path):
    """Two seeds that dense attention reads worse: one of ten prompts a cell, and under Lighthouse nine."""
    few, many = (
        write_grid(tmp_path / name, lambda *_, rate=rate: rate, recipes=["qk-k256"], trials=10)
        for name, rate in (("few", 0.1), ("many", 0.9))
    )
    for folder in few.glob("*/*/dense"):
        other = many / folder.relative_to(few)
        shutil.rmtree(other)
        shutil.copytree(folder, other)
    return many


def test_lighthouse_less_dense_on_the_same_prompts(grid):
    table = lighthouse_table(read_grid(grid)).values.set_index("task")
    assert table.index.tolist() == ["passkey", "keyed", "both"]
    for task, prompts in (("keyed", 40), ("both", 80)):
        row = table.loc[task]
        assert row[["recipe", "trainings", "observations"]].tolist() == ["qk k=256 L=3", 2, prompts]
        assert row[["rate_dense", "rate_lighthouse", "difference"]].tolist() == pytest.approx([0.1, 0.9, 0.8])
        assert row["ci_low"] < 0.8 < row["ci_high"]
        assert row[["gained", "lost"]].tolist() == [0.8 * prompts, 0]
        assert row["p"] == row["p_holm"] <= 0.0002
        assert row[["recall_4096", "recall_first_4096", "recall_later_8192"]].tolist() == [0.5, 0.5, 0.5]


def test_an_evaluation_that_is_missing_or_short_leaves_out_what_it_lacks(grid):
    shutil.rmtree(grid / "passkey" / "qk-k256-s1" / "qk-k256")
    file = grid / "passkey" / "qk-k256-s0" / "qk-k256" / "samples.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-4]))
    table = lighthouse_table(read_grid(grid)).values.set_index("task")
    assert table["trainings"].to_dict() == {"passkey": 1, "keyed": 2, "both": 1}
    assert table["observations"].to_dict() == {"passkey": 36, "keyed": 40, "both": 76}


def test_holm_is_over_the_recipes_of_a_task(tiny_grid):
    table = lighthouse_table(read_grid(tiny_grid)).values
    assert len(table) == 6 * 3
    assert (table["difference"] == 0).all()
    assert (table["p_holm"] == 1).all()
    assert table.groupby("task").size().to_dict() == {"passkey": 6, "keyed": 6, "both": 6}


def test_numbers_for_people(grid):
    row = lighthouse_table(read_grid(grid)).shown[""].text.iloc[0]
    assert row[["n", "prompts", "dense", "Lighthouse", "gained", "lost"]].tolist() == [
        *["2", "40", "0.10", "0.90", "32", "0"]
    ]
    assert row["difference (95 % interval)"].startswith("+0.800 (+0.")
    assert row["recall (%), other depths, 4K .. 8K"] == row["recall (%), depth 0, 4K .. 8K"] == "50.0, 50.0"


def test_recall_at_depth_0_stands_apart(grid):
    found = read_grid(grid)
    for (_, _, attention), rows in found.samples.items():
        if attention == "lighthouse":
            rows["selection_recall"] = (rows["depth"] == 0).astype(float)
    row = lighthouse_table(found).values.iloc[0]
    assert row[["recall_4096", "recall_first_4096", "recall_later_4096"]].tolist() == [0.5, 1, 0]


def test_without_lighthouse_there_is_no_row(tmp_path):
    table = lighthouse_table(read_grid(write_grid(tmp_path, lambda *_: 0.5, recipes=["dense"], seeds=[0])))
    assert table.values.empty
    assert table.shown[""].text.empty


def test_the_note_names_what_is_unfinished(grid):
    def note():
        return lighthouse_table(read_grid(grid)).markdown

    assert "Unfinished" not in note()
    file = grid / "passkey" / "qk-k256-s1" / "qk-k256" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"trials": 12}))
    assert "Unfinished: qk k=256 L=3, seed 1, passkey, lighthouse: 40 of 48 samples." in note()
