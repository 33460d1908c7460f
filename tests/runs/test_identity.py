"""What a run's key covers: anything that decides its rows makes it another run's, and what does not leaves it."""

import dataclasses
import json
import os
import re

import pytest
import torch

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.corpora.records import load_records
from lh_eval.corpora.texts import load_text
from lh_eval.errors import InputError
from lh_eval.runs import identity
from lh_eval.runs.grid import Grid
from lh_eval.runs.identity import deciding_config
from lh_eval.runs.run import run
from lh_eval.runs.setting import Setting
from lh_eval.store.folder import config_differences
from lh_eval.tasks.passkey import Passkey

GRID = Grid(task="passkey", lengths=(384,), depths=(0.0, 50.0), trials=1)
DENSE = Setting()


@pytest.fixture
def checkpoint():
    return load_checkpoint(device="cpu")


def changed_fields(before, after):
    return [difference.split(" ")[0] for difference in config_differences(before, after)]


def _weights(checkpoint, monkeypatch):
    with torch.no_grad():
        checkpoint.model.model.layers[0].mlp.up_proj.weight[0, 0] += 1


def _architecture(checkpoint, monkeypatch):
    checkpoint.model.config.rope_parameters = {"rope_theta": 5e5, "rope_type": "default"}


def _kernel(checkpoint, monkeypatch):
    checkpoint.model.set_attn_implementation("eager")


def _end(checkpoint, monkeypatch):
    checkpoint.model.generation_config.eos_token_id = [256, 10]


def _tokenizer(checkpoint, monkeypatch):
    checkpoint.tokenizer.add_tokens(["passkey"])


def _words(checkpoint, monkeypatch):
    made = Passkey.sample

    def other(self, tokenizer, **places):
        sample = made(self, tokenizer, **places)
        return dataclasses.replace(sample, context_ids=[*sample.context_ids[:-1], 65])

    monkeypatch.setattr(Passkey, "sample", other)


def _version(checkpoint, monkeypatch):
    monkeypatch.setattr(identity, "version_of", lambda task: 7)


def _dtype(checkpoint, monkeypatch):
    object.__setattr__(checkpoint, "dtype", "bfloat16")


def _device(checkpoint, monkeypatch):
    monkeypatch.setattr(type(checkpoint.model), "device", torch.device("meta"))


def _library(library):
    def change(checkpoint, monkeypatch):
        installed = identity.version
        monkeypatch.setattr(identity, "version", lambda name: "0" if name == library else installed(name))

    return change


def _engine(checkpoint, monkeypatch):
    monkeypatch.setattr(identity, "ENGINE_VERSION", 2)


def _precision(checkpoint, monkeypatch):
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")


CHANGES = {
    "model.weights_sha256": _weights,
    "model.config_sha256": _architecture,
    "engine.attention": _kernel,
    "engine.end_ids": _end,
    "engine.version": _engine,
    "engine.matmul_precision": _precision,
    "tokenizer_sha256": _tokenizer,
    "prompt.sha256": _words,
    "task_version": _version,
    "dtype": _dtype,
    "device": _device,
    **{f"versions.{name}": _library(name) for name in ("torch", "transformers", "tokenizers", "numpy")},
    "versions.python": lambda _, patch: patch.setattr(identity.platform, "python_version", lambda: "3.0"),
    "versions.lh_eval": lambda _, patch: patch.setattr("lh_eval.__version__", "0"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A run's folder, whose config and rows nobody may touch."""
    folder = tmp_path_factory.mktemp("stored") / "run"
    run(load_checkpoint(device="cpu"), GRID, [DENSE], folder)
    return folder


@pytest.mark.parametrize(("field", "change"), CHANGES.items(), ids=CHANGES)
def test_stored_rows_never_meet_a_changed_key(checkpoint, stored, monkeypatch, record_property, field, change):
    before = {file: file.read_bytes() for file in stored.iterdir()}
    change(checkpoint, monkeypatch)
    with pytest.raises(InputError, match=re.escape(field)):
        run(checkpoint, GRID, [DENSE], stored)
    assert {file: file.read_bytes() for file in stored.iterdir()} == before
    record_property("silent", ["Stored rows that meet a changed key", 1, "0"])


@pytest.mark.parametrize(("field", "change"), CHANGES.items(), ids=CHANGES)
def test_what_decides_rows_is_part_of_the_key(checkpoint, monkeypatch, field, change):
    before = deciding_config(checkpoint, GRID, DENSE)
    assert changed_fields(before, deciding_config(checkpoint, GRID, DENSE)) == []
    change(checkpoint, monkeypatch)
    assert field in changed_fields(before, deciding_config(checkpoint, GRID, DENSE))


@pytest.mark.parametrize(
    ("field", "grid", "setting"),
    [
        ("task", {"task": "keyed"}, DENSE),
        ("seed", {"seed": 1}, DENSE),
        ("attention", {}, Setting("lighthouse:k=64")),
        ("attention", {}, Setting("window:tokens=64")),
        ("reading", {}, Setting("dense", "context")),
    ],
)
def test_what_is_asked_and_how_it_is_read_is_part_of_the_key(checkpoint, field, grid, setting):
    before = deciding_config(checkpoint, GRID, DENSE)
    assert field in changed_fields(before, deciding_config(checkpoint, dataclasses.replace(GRID, **grid), setting))


def test_a_method_s_own_library_is_part_of_the_key_of_its_setting_alone(checkpoint, monkeypatch):
    monkeypatch.setattr(identity, "version", lambda name: "9.9" if name == "kvpress" else "1")
    press, dense = (deciding_config(checkpoint, GRID, setting) for setting in (Setting("press:snapkv"), DENSE))
    assert press["attention"]["versions"] == {"kvpress": "9.9"}
    assert set(changed_fields(press, dense)) == {"attention", "reading"}


def test_a_text_is_part_of_the_key_by_its_hash(tmp_path):
    text = tmp_path / "text.txt"
    grid = dataclasses.replace(GRID, task=f"niah_single_2:haystack={text}", lengths=(1024,), depths=(0.0,))
    found = []
    for place in ("here", "there"):
        text.write_text(f"It is quiet {place}. " * 400)
        os.utime(text, (0, 0))  # as of a copy that keeps its time
        for cached in (load_text, load_records):  # as in another process: within one, a text stays what it was
            cached.cache_clear()
        found.append(deciding_config(load_checkpoint(device="cpu"), grid, DENSE))
    assert "haystack_sha256" in changed_fields(*found)


def test_weights_that_were_changed_in_memory_are_not_those_of_the_file(checkpoint):
    of_file = checkpoint.sha256
    assert of_file == checkpoint.file_sha256
    weight = checkpoint.model.model.layers[0].mlp.up_proj.weight
    with torch.no_grad():
        weight.mul_(2)
        doubled = checkpoint.sha256
        weight.mul_(2)
    assert len({of_file, doubled, checkpoint.sha256}) == 3


def test_a_folder_of_another_key_or_of_before_one_is_refused(checkpoint, tmp_path, monkeypatch):
    run(checkpoint, GRID, [DENSE], tmp_path / "run")
    monkeypatch.setattr(identity, "ENGINE_VERSION", 2)
    with pytest.raises(InputError, match=r"engine\.version 1 there, 2 here"):
        run(checkpoint, GRID, [DENSE], tmp_path / "run")
    monkeypatch.undo()
    file = tmp_path / "run" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({name: value for name, value in config.items() if name != "engine"}))
    with pytest.raises(InputError, match="engine absent there"):
        run(checkpoint, GRID, [DENSE], tmp_path / "run")
