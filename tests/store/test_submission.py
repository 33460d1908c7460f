import io
import json
import zipfile

import pytest

from lh_eval import InputError
from lh_eval.store.run import read_run
from lh_eval.store.submission import pack, unpacked


def test_what_was_packed_is_read_back_and_packs_to_the_same_bytes(make_run, tmp_path):
    make_run("s/dense")
    (tmp_path / "s/dense/heatmap.png").write_bytes(b"no result")
    file = tmp_path / "mine.zip"
    file.write_bytes(pack(tmp_path / "s"))
    with unpacked(file) as folder:
        assert folder.name == "mine"
        assert sorted(path.name for path in (folder / "dense").iterdir()) == [
            "config.json", "metrics.json", "samples.jsonl",
        ]  # fmt: skip
        assert read_run(folder / "dense").frame.equals(read_run(tmp_path / "s/dense").frame)
        assert pack(folder) == file.read_bytes()
    assert not folder.exists()


def test_a_folder_without_runs_is_not_packed(tmp_path):
    with pytest.raises(InputError, match="run must be a folder with runs"):
        pack(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda files: files.update({"config.json": b"{}"}), "config.json has another hash"),
        (lambda files: files.update({"more/config.json": b"{}"}), "results must hold what their manifest.json"),
        (lambda files: files.pop("samples.jsonl"), "results must hold what their manifest.json"),
        (lambda files: files.pop("manifest.json"), "without a manifest.json that fits it"),
        (lambda files: files.update({"manifest.json": b"[]"}), "manifest.json as lh-eval publish writes it"),
        (lambda files: _listed(files, "../config.json"), "plain names, got '../config.json'"),
        (lambda files: _listed(files, "/etc/config.json"), "plain names, got '/etc/config.json'"),
        (lambda files: _listed(files, "run.sh"), "plain names, got 'run.sh'"),
    ],
)
def test_what_is_not_as_it_was_packed_is_refused_and_nothing_written(make_run, tmp_path, change, said):
    with zipfile.ZipFile(io.BytesIO(pack(make_run("a")))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match=said), unpacked(file):
        raise AssertionError("it was unpacked")


def _listed(files, place):
    manifest = json.loads(files["manifest.json"])
    files[place] = files.pop("config.json")
    manifest["files"][place] = manifest["files"].pop("config.json")
    files["manifest.json"] = json.dumps(manifest).encode()


def test_no_zip_is_one_line(tmp_path):
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(InputError, match="results must be a file of lh-eval publish"), unpacked(tmp_path / "x.zip"):
        pass
