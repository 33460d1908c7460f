import hashlib
import subprocess
from pathlib import Path

import huggingface_hub
import pytest

from lh_eval.checkpoints import locating
from lh_eval.checkpoints.cache import models_folder
from lh_eval.checkpoints.locating import known_models, locate, weight_files, weights_sha256
from lh_eval.errors import InputError


def test_folder(tiny, monkeypatch):
    assert locate(str(tiny)) == ("tiny", tiny)
    monkeypatch.chdir(tiny)
    assert locate(".") == ("tiny", Path())
    monkeypatch.setenv("HOME", str(tiny.parent))
    assert locate("~/tiny") == ("tiny", tiny)


def test_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(locating.resources, "files", lambda package: tmp_path)
    with pytest.raises(InputError, match="model must be installed, got 'lh-passkey'"):
        locate(None)
    (tmp_path / "checkpoint").mkdir()
    assert locate(None) == locate("lh-passkey") == ("lh-passkey", tmp_path / "checkpoint")


def test_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        InputError, match="got 'smollm2-135m' which is not yet; run lh-eval models install smollm2-135m"
    ):
        locate("smollm2-135m")
    (tmp_path / "smollm2-135m").mkdir()
    assert locate("smollm2-135m") == ("smollm2-135m", Path("smollm2-135m"))
    installed = models_folder() / "smollm2-135m"
    installed.mkdir(parents=True)
    assert locate("smollm2-135m") == ("smollm2-135m", installed)
    assert locate("./smollm2-135m") == ("smollm2-135m", Path("smollm2-135m"))


def test_known_models(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shipped, packaged = known_models()
    assert (shipped["name"], shipped["folder"]) == ("lh-passkey", str(locate()[1]))
    assert (packaged["name"], packaged["folder"]) == ("smollm2-135m", None)


@pytest.mark.parametrize("name", ["gpt2", "./nowhere", "/no/where/at/all", "a/b/c", ""])
def test_unknown_model(name):
    with pytest.raises(
        InputError, match=r"model must be a checkpoint folder.* or one of lh-passkey, smollm2-135m, got"
    ):
        locate(name)


@pytest.mark.parametrize(("name", "near"), [("lh-paskey", "lh-passkey"), ("smollm2", "smollm2-135m")])
def test_the_nearest_name(name, near):
    with pytest.raises(InputError, match=rf"did you mean '{near}'\?"):
        locate(name)


def test_file(tiny):
    with pytest.raises(InputError, match="got the file"):
        locate(str(tiny / "model.safetensors"))


def test_hub_name(tiny, monkeypatch):
    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **options: asked.append(name) or str(tiny))
    assert locate("org/some-model_1.5") == ("org/some-model_1.5", tiny)
    assert asked == ["org/some-model_1.5"]


def test_hub_out_of_reach(monkeypatch):
    def fail(name, **options):
        raise ConnectionError("no route to host\nsecond line")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(InputError, match=r"got 'org/name': no route to host$"):
        locate("org/name")


def test_weight_files(tiny, sharded):
    assert weight_files(tiny) == [tiny / "model.safetensors"]
    files = weight_files(sharded)
    assert len(files) > 1
    assert files == sorted(sharded.glob("model-*.safetensors"))


def test_hash_is_that_of_sha256sum(tiny, sharded):
    content = (tiny / "model.safetensors").read_bytes()
    assert weights_sha256(weight_files(tiny)) == hashlib.sha256(content).hexdigest()
    files = weight_files(sharded)
    lines = subprocess.run(["sha256sum", *(file.name for file in files)], cwd=sharded, capture_output=True, check=True)
    assert weights_sha256(files) == hashlib.sha256(lines.stdout).hexdigest()


def test_folder_that_is_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match=r"got .* without config.json"):
        weight_files(tmp_path)


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickles_are_refused(tiny, pickle):
    (tiny / "model.safetensors").rename(tiny / pickle)
    with pytest.raises(InputError, match=r"weights must be safetensors, got only pickled ones.*convert") as error:
        weight_files(tiny)
    assert "\n" not in str(error.value)


def test_no_weights(tiny):
    (tiny / "model.safetensors").unlink()
    with pytest.raises(InputError, match="without it"):
        weight_files(tiny)


def test_lost_shard(sharded):
    lost = sorted(sharded.glob("model-*.safetensors"))[1]
    lost.unlink()
    with pytest.raises(InputError, match=f"without {lost.name}"):
        weight_files(sharded)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"weight_map": []}'])
def test_broken_index(sharded, text):
    (sharded / "model.safetensors.index.json").write_text(text)
    with pytest.raises(InputError, match="must be an index of safetensors files"):
        weight_files(sharded)


def test_a_trainings_checkpoint_has_the_trainings_name(tiny, tmp_path):
    run = tmp_path / "grid-dense-s1"
    run.mkdir()
    (run / "checkpoint").symlink_to(tiny, target_is_directory=True)
    assert locate(str(run / "checkpoint"))[0] == tiny.name, "where a link leads counts"
    (run / "checkpoint").unlink()
    (run / "checkpoint").mkdir()
    assert locate(str(run / "checkpoint")) == ("grid-dense-s1", run / "checkpoint")
