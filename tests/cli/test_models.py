import json

import pytest

from lh_eval.checkpoints import installing
from lh_eval.checkpoints.cache import models_folder
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.cli.app import main


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_list(capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "assets/checkpoint" in text
    assert "not installed; run lh-eval models install smollm2-135m" in text
    (models_folder() / "smollm2-135m").mkdir(parents=True)
    assert main(["models", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries.keys() == {"lh-passkey", "smollm2-135m"}
    assert entries["smollm2-135m"]["folder"] == str(models_folder() / "smollm2-135m")


def test_install_and_path(capsys, monkeypatch):
    folder = models_folder() / "smollm2-135m"

    def convert(*arguments):
        folder.mkdir(parents=True)

    monkeypatch.setattr(installing, "_install", convert)
    monkeypatch.setattr(installing.importlib.util, "find_spec", lambda name: object())
    assert main(["models", "path", "smollm2-135m"]) == 2
    assert "run lh-eval models install smollm2-135m" in capsys.readouterr().err
    assert main(["models", "install", "smollm2-135m"]) == 0
    assert main(["models", "install", "smollm2-135m"]) == 0
    assert main(["models", "path", "smollm2-135m"]) == 0
    assert capsys.readouterr().out == f"installed: {folder}\ninstalled before: {folder}\n{folder}\n"


@pytest.mark.parametrize("arguments", [["models", "install", "smollm"], ["models", "path", "nothing"]])
def test_unknown_name(capsys, arguments):
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_settings_of_a_checkpoint_trained_elsewhere(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text('{"num_hidden_layers": 6}')
    command = ["models", "settings", str(folder), "--k", "256", "--dense-layers", "0,-1", "--scorer", "qk"]
    assert main(command) == 0
    found = CheckpointSettings.read(folder)
    assert (found.config.k, found.config.scorer, found.dense_layers) == (256, "qk", (0, -1))
    assert main(command) != 0
    assert "pass --force to replace it" in capsys.readouterr().err
    assert main([*command[:-4], "--dense-layers", "6", "--force"]) != 0
    assert "dense_layers must be from -6 to 5, got 6" in capsys.readouterr().err
    (folder / "config.json").write_text('{"n_layer": 3}')
    assert main([*command[:-4], "--dense-layers", "3", "--force"]) != 0
    assert "dense_layers must be from -3 to 2, got 3" in capsys.readouterr().err
    (folder / "config.json").write_text("[]")
    assert main(command) != 0
    assert "must have num_hidden_layers" in capsys.readouterr().err
