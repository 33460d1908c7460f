import pytest

from lh_eval import InputError
from lh_eval.publish.writing import write_text, writing


def test_the_folder_is_made(tmp_path):
    assert write_text(tmp_path / "a/b/page.html", "text").read_text() == "text"
    with writing(tmp_path / "c", what="folder") as folder:
        assert folder.is_dir()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"json must be a file that can be written, got .*/x/y \(Not a directory\)"):
        write_text(tmp_path / "file/x/y", "text", option="json")
    with (
        pytest.raises(InputError, match="out must be a folder that can be written, got "),
        writing(tmp_path / "file/x", what="folder"),
    ):
        pass
