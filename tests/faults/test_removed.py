"""What is written to is removed or moved: it is said at the next row, and no second writer loses anything."""

import json
import shutil

import pytest

from lh_eval.errors import InputError

ROWS = 6


@pytest.mark.parametrize("what", ["dense", "dense/samples.jsonl"])
def test_removed_while_it_is_written(go, left, tmp_path, record_property, what):
    go(tmp_path / "whole")
    for row in range(ROWS // 2):
        out = tmp_path / str(row)
        with pytest.raises(InputError, match=rf"samples.jsonl was removed; its {row} rows are lost"):
            go(out, before=remove_after(row, out / what))
        go(out)
        assert left(out) == left(tmp_path / "whole")
    said = "the rows that were removed, said in one line"
    record_property("faults", [f"The {'file' if 'jsonl' in what else 'folder'} is removed", ROWS // 2, said])


def remove_after(row, path):
    """Remove the path before a row; rows are counted from when this is made."""
    count = iter(range(ROWS))

    def hook(_):
        if next(count) == row:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return hook


def test_moved_while_it_is_written(go, left, tmp_path, record_property):
    go(tmp_path / "whole")
    count = iter(range(ROWS))

    def move(_):
        if next(count) == 2:
            (tmp_path / "out" / "dense").rename(tmp_path / "away")

    with pytest.raises(InputError, match=r"samples.jsonl was moved; its 2 rows are kept where it is now"):
        go(tmp_path / "out", before=move)
    (tmp_path / "away").rename(tmp_path / "out" / "dense")
    go(tmp_path / "out")
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    record_property("faults", ["The folder is moved", 1, "nothing"])


def test_a_second_writer_after_the_file_was_removed_keeps_its_rows(go, left, tmp_path, record_property):
    """The first one notices that its file is no longer there; the second one's is complete."""
    go(tmp_path / "whole", settings=["dense"])
    count = iter(range(ROWS))

    def second(_):
        if next(count) == 1:
            (tmp_path / "out" / "samples.jsonl").unlink()
            shutil.rmtree(tmp_path / "out")
            go(tmp_path / "out", settings=["dense"])

    with pytest.raises(InputError, match=r"samples.jsonl was removed; its 1 rows are lost"):
        go(tmp_path / "out", settings=["dense"], before=second)
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["n"] == 3
    record_property("faults", ["A second process begins where the first one's file was removed", 1, "nothing"])
