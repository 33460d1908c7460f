"""Training: data by seed and step, schedules, and a resumed run that ends in the same weights."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from lh_eval.errors import InputError
from lh_eval.models.settings import CheckpointSettings
from lh_eval.training.config import TrainingConfig
from lh_eval.training.data import FAMILIES, Steps, load_text
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
@pytest.mark.parametrize("length", [256, 1000, 4096])
def test_families_fill_the_length_and_count_something(family, length):
    for seed in range(5):
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": [{"steps": 5, "attention": "dense"}]}, "stages must add up"),
        ({"stages": [{"steps": 6, "attention": "sparse"}]}, "attention must be"),
        ({"dense_layers": [0, 1, 2]}, "dense_layers must leave"),
        ({"precision": "fp8"}, "precision must be"),
        ({"colour": "red"}, "'colour'"),
        ({"lighthouse": {"k": 3}}, "k must be even"),
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
