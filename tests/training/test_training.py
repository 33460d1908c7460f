"""Training: data by seed and step, schedules, and a resumed run that ends in the same weights."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from lh_eval.errors import InputError
from lh_eval.models.settings import CheckpointSettings
from lh_eval.training.config import TrainingConfig
from lh_eval.training.data import FAMILIES, LEAST_LENGTH, Steps
from lh_eval.training.log import COLUMNS, LossLog
from lh_eval.training.meter import Meter
from lh_eval.training.text import load_text
from lh_eval.training.trainer import Pace, train

TINY = {
    "name": "tiny",
    "precision": "no",
    "micro_tokens": 512,
    "dense_layers": [0, -1],
    "model": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    },
    "lighthouse": {"k": 16},
    "phases": [
        {"steps": 3, "length": 256, "tokens_per_step": 1024, "mix": {"copy": 1, "keyed": 2, "passkey": 1}},
        {"steps": 3, "length": 512, "tokens_per_step": 1024, "mix": {"text": 0.5, "keyed": 0.5}},
    ],
    "stages": [
        {"steps": 2, "attention": "dense"},
        {"steps": 2, "attention": "lighthouse"},
        {"steps": 2, "attention": "dense"},
    ],
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("length", [LEAST_LENGTH, 256, 1000, 4096])
def test_families_fill_the_length_and_count_something(family, length):
    for seed in range(5 if length > 256 else 200):
        sequence = FAMILIES[family](np.random.default_rng(seed), length, load_text(None))
        assert sequence.ids.shape == sequence.counted.shape == (length,)
        assert sequence.counted.any()
        assert not sequence.counted[0]


@pytest.mark.parametrize("family", ["passkey", "keyed"])
def test_every_counted_answer_stands_in_a_record_before_it(family):
    for seed in range(20):
        ids, counted = FAMILIES[family](np.random.default_rng(seed), 2048, load_text(None))
        text = bytes(ids).decode()
        digits = [i for i in np.flatnonzero(counted) if text[i].isdigit()]
        assert digits
        for i in digits:
            asked = text[:i].rpartition("? ")[2]  # "The pass key for kqzx is "
            assert text.index(f" {asked}{text[i]}. ") < i
        assert text.endswith(".")


def test_batches_depend_on_seed_and_step_alone_and_are_shared_out_evenly():
    config = TrainingConfig.from_dict(TINY)
    whole = Steps(config)[4]
    assert np.array_equal(whole.ids, Steps(config)[4].ids)
    assert not np.array_equal(whole.ids, Steps(config)[5].ids)
    shares = [Steps(config, rank, 2)[4] for rank in range(2)]
    assert np.array_equal(np.stack([share.ids for share in shares], 1).reshape(whole.ids.shape), whole.ids)


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    config = TrainingConfig.from_dict(TINY)
    pace = Pace(log_every=1, save_every=2, workers=0)
    whole = train(config, tmp_path / "whole", pace=pace)
    assert train(config, tmp_path / "cut", pace=Pace(log_every=1, save_every=2, workers=0, max_steps=3)) is None
    resumed = train(config, tmp_path / "cut", pace=pace)
    left, right = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)
    log = pd.read_csv(tmp_path / "cut" / "loss.csv")
    assert log["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert log["attention"].tolist() == ["dense"] * 2 + ["lighthouse"] * 2 + ["dense"] * 2
    settings = CheckpointSettings.read(whole)
    assert settings.config.k == 16
    assert settings.dense_layers == (0, -1)
    with pytest.raises(InputError, match="another"):
        train(TrainingConfig.from_dict({**TINY, "seed": 1}), tmp_path / "cut", pace=pace)


def test_the_loss_falls(tmp_path):
    phases = [{"steps": 30, "length": 256, "tokens_per_step": 2048, "mix": {"passkey": 1}}]
    stages = [{"steps": 30, "attention": "lighthouse"}]
    config = TrainingConfig.from_dict({**TINY, "phases": phases, "stages": stages, "optimizer": {"warmup_steps": 5}})
    train(config, tmp_path, pace=Pace(log_every=5, workers=0))
    loss = pd.read_csv(tmp_path / "loss.csv")["loss"]
    assert loss.iloc[-1] < loss.iloc[0] - 1


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of `TINY`, not to be changed."""
    out = tmp_path_factory.mktemp("finished")
    train(TrainingConfig.from_dict(TINY), out, pace=Pace(log_every=1, workers=0))
    return out


def contents(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_training_again_on_a_finished_run_changes_nothing(finished):
    before = contents(finished)
    for pace in (Pace(workers=0), Pace(workers=0, max_steps=2)):
        assert train(TrainingConfig.from_dict(TINY), finished, pace=pace) == finished / "checkpoint"
        assert contents(finished) == before
    assert {file.name for file in finished.iterdir()} == {"train.json", "loss.csv", "checkpoint"}


def test_a_loss_curve_without_state_or_checkpoint_is_not_begun_again(finished, tmp_path):
    """As it is committed in outputs/training: the curve of a run whose checkpoint lies elsewhere."""
    for name in ("train.json", "loss.csv"):
        shutil.copy(finished / name, tmp_path / name)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="a loss curve but no state and no checkpoint; choose another --out"):
        train(TrainingConfig.from_dict(TINY), tmp_path, pace=Pace(workers=0))
    assert contents(tmp_path) == before


def test_a_kill_before_the_first_saved_step_can_be_gone_on_with(tmp_path, monkeypatch):
    def killed(self, step, config):
        write(self, step, config)
        if step == 2:
            raise KeyboardInterrupt

    write = Meter.write
    config, pace = TrainingConfig.from_dict(TINY), Pace(log_every=1, workers=0)
    with monkeypatch.context() as patch:
        patch.setattr(Meter, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path, pace=pace)
    assert train(config, tmp_path, pace=pace) == tmp_path / "checkpoint"
    assert pd.read_csv(tmp_path / "loss.csv")["step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_is_whole_or_absent(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "checkpoint")
    (tmp_path / "loss.csv").unlink()
    config = TrainingConfig.from_dict(TINY)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointSettings, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path, pace=Pace(workers=0))
    assert not (tmp_path / "checkpoint").exists()
    assert CheckpointSettings.read(train(config, tmp_path, pace=Pace(workers=0))).config.k == 16


def test_resuming_keeps_the_old_rows_byte_by_byte_and_drops_a_torn_one(tmp_path):
    row = dict.fromkeys(COLUMNS, "1") | {"lr": "1.930e-03", "seconds": "7.0"}
    log = LossLog(tmp_path / "loss.csv", step=0)
    for step in (1, 2, 3):
        log.append(row | {"step": step})
    whole = (tmp_path / "loss.csv").read_bytes()
    (tmp_path / "loss.csv").write_bytes(whole + b"1,98")
    assert LossLog(tmp_path / "loss.csv", step=2).seconds == 7.0
    assert (tmp_path / "loss.csv").read_bytes() == b"".join(whole.splitlines(keepends=True)[:3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": [{"steps": 5, "attention": "dense"}]}, "stages must add up"),
        ({"stages": [{"steps": 6, "attention": "sparse"}]}, "attention must be dense or lighthouse, got 'sparse'"),
        ({"stages": [{"steps": "6", "attention": "dense"}]}, "steps must be an integer"),
        ({"stages": ["dense"]}, "stages must be a table"),
        ({"stages": 3}, "stages must be a list"),
        ({"phases": [{**TINY["phases"][0], "length": 16}]}, "length must be 128 or more, got 16"),
        ({"phases": [{**TINY["phases"][0], "mix": 3}]}, "mix must be a table, each a number, got 3"),
        ({"phases": [{**TINY["phases"][0], "mix": {"copy": "a"}}]}, "mix must be a table, each a number"),
        ({"phases": [{**TINY["phases"][0], "mix": {"cope": 1}}]}, "mix must give shares to some of"),
        ({"dense_layers": [0, 1, 2]}, "dense_layers must leave"),
        ({"dense_layers": 3}, "dense_layers must be a list, each an integer, got 3"),
        ({"dense_layers": ["a"]}, "dense_layers must be a list, each an integer"),
        ({"precision": "fp8"}, "precision must be"),
        ({"colour": "red"}, "'colour'"),
        ({"name": 3}, "name must be a string, got 3"),
        ({"name": "../elsewhere"}, "name must be the plain name of a folder"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"seed": True}, "seed must be an integer"),
        ({"micro_tokens": 0}, "micro_tokens must be 1 or more"),
        ({"lighthouse": {"k": 3}}, "k must be even"),
        ({"lighthouse": 3}, "lighthouse must be a table"),
        ({"optimizer": {"lr": "abc"}}, "lr must be a number, got 'abc'"),
        ({"optimizer": {"lr": -1.0}}, "lr must be above 0, got -1.0"),
        ({"optimizer": {"lr": float("nan")}}, "lr must be a number, got nan"),
        ({"optimizer": {"warmup_steps": "x"}}, "warmup_steps must be an integer"),
        ({"optimizer": {"betas": [0.9]}}, "betas must be a list of a number, a number"),
        ({"optimizer": {"betas": [0.9, 1.0]}}, "betas must be 0 or more and below 1"),
        ({"model": {**TINY["model"], "hidden_size": "a"}}, "hidden_size must be a positive integer, got 'a'"),
        ({"model": {**TINY["model"], "num_attention_heads": 0}}, "num_attention_heads must be a positive integer"),
        ({"model": {**TINY["model"], "num_attention_heads": 4, "num_key_value_heads": 3}}, "must be a divisor"),
        ({"model": {**TINY["model"], "hidden_size": 33}}, "model must have arguments of LlamaConfig that fit"),
        ({"model": {**TINY["model"], "hiden": 32}}, "got 'hiden'; did you mean"),
        ({"model": {**TINY["model"], "vocab_size": 9}}, "got 'vocab_size'"),
    ],
)
def test_bad_configs_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig.from_dict({**TINY, **change})


def test_every_shipped_config_can_be_read():
    for name in ("lh-passkey", "paper-530m-norm-k1536", "paper-530m-norm-k2048", "paper-530m-qk-k1536"):
        assert TrainingConfig.find(name).name == name
    with pytest.raises(InputError, match="did you mean 'lh-passkey'"):
        TrainingConfig.find("lh-paskey")
