"""Training configs: what cannot be used is refused by name."""

from importlib import resources
from pathlib import Path

import pytest
from tiny_training import TINY

from lh_eval.errors import InputError
from lh_eval.training.recipe.config import TrainingConfig
from lh_eval.training.recipe.optimizer import OptimizerConfig


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": [{"steps": 5, "attention": "dense"}]}, "stages must add up"),
        ({"stages": [{"steps": 6, "attention": "sparse"}]}, "attention must be dense or lighthouse, got 'sparse'"),
        ({"stages": [{"steps": "6", "attention": "dense"}]}, "steps must be an integer"),
        ({"stages": ["dense"]}, "stages must be a table"),
        ({"stages": 3}, "stages must be a list"),
        ({"phases": [{**TINY["phases"][0], "steps": 2**70}]}, r"steps must be 1e\+09 or less"),
        ({"phases": [{**TINY["phases"][0], "tokens_per_step": 2**70}]}, r"tokens_per_step must be 1e\+09 or less"),
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
        ({"held_out": -1}, "held_out must be 0 or more"),
        ({"held_out": 511}, "held_out must be 0 or a sequence of 512 bytes and more, got 511"),
        ({"lighthouse": {"k": 3}}, "k must be even"),
        ({"lighthouse": 3}, "lighthouse must be a table"),
        ({"seed": 2**70}, r"seed must be 4.29497e\+09 or less, got 1180591620717411303424"),
        ({"optimizer": {"lr": "abc"}}, "lr must be a number, got 'abc'"),
        ({"optimizer": {"lr": -1.0}}, "lr must be above 0, got -1.0"),
        ({"optimizer": {"lr": float("nan")}}, "lr must be a number, got nan"),
        ({"optimizer": {"warmup_steps": "x"}}, "warmup_steps must be an integer"),
        ({"optimizer": {"schedule": "cosine"}}, "schedule must be linear or wsd, got 'cosine'"),
        ({"optimizer": {"decay_steps": 3}}, "schedule must be wsd where decay_steps are given, got linear"),
        ({"keep": {"../up": 1}}, "name must be the plain name of a folder, got '../up'"),
        ({"keep": {"end": 7}}, "keep must be steps from 1 to 6, got {'end': 7}"),
        ({"phases": [{**TINY["phases"][0], "gate": {"below": {}}}]}, "below must give losses above 0 to some of"),
        ({"phases": [{**TINY["phases"][0], "gate": {"below": {"cope": 1.0}}}]}, "below must give losses above 0"),
        ({"phases": [{**TINY["phases"][0], "gate": {"below": {"text": 1.0}}}]}, "gate must be on families of the mix"),
        ({"phases": [{**TINY["phases"][0], "gate": 3}]}, "gate must be a table, got 3"),
        ({"phases": [{**TINY["phases"][0], "steps": 6, "gate": {"below": {"keyed": 1.0}}}]}, "stages must be one and"),
        (
            {
                "phases": [{**TINY["phases"][0], "steps": 6, "gate": {"below": {"keyed": 1.0}}}],
                "stages": [{"steps": 6, "attention": "dense"}],
            },
            "optimizer must be of schedule wsd without decay_steps where a phase has a gate, got linear with 0",
        ),
        ({"optimizer": {"betas": [0.9]}}, "betas must be a list of a number, a number"),
        ({"optimizer": {"betas": [0.9, 1.0]}}, "betas must be 0 or more and below 1"),
        ({"model": {**TINY["model"], "hidden_size": "a"}}, "hidden_size must be an integer from 1 to 1000000, got 'a'"),
        (
            {"model": {**TINY["model"], "num_hidden_layers": 2**31}},
            "num_hidden_layers must be an integer from 1 to 10000",
        ),
        ({"model": {**TINY["model"], "head_dim": -1}}, "head_dim must be an integer from 1 to 100000, got -1"),
        (
            {"model": {**TINY["model"], "rope_parameters": {"rope_type": "default", "rope_theta": float("nan")}}},
            "rope_theta must be a positive number, got nan",
        ),
        (
            {"model": {**TINY["model"], "num_attention_heads": 0}},
            "num_attention_heads must be an integer from 1 to 10000, got 0",
        ),
        ({"model": {**TINY["model"], "num_attention_heads": 4, "num_key_value_heads": 3}}, "must be a divisor"),
        ({"model": {**TINY["model"], "hidden_size": 33}}, "model must have arguments of LlamaConfig that fit"),
        ({"model": {**TINY["model"], "hiden": 32}}, "got 'hiden'; did you mean"),
        ({"model": {**TINY["model"], "vocab_size": 9}}, "got 'vocab_size'"),
    ],
)
def test_bad_configs_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig.from_dict({**TINY, **change})


def test_learning_rates_of_both_schedules():
    steps = 10
    linear = OptimizerConfig(lr=1.0, warmup_steps=2)
    assert [linear.learning_rate(step, steps) for step in (0, 1, 2, 6, 9)] == [0.5, 1.0, 1.0, 0.5, 0.125]
    stable = OptimizerConfig(lr=1.0, final_lr=0.2, warmup_steps=2, schedule="wsd", decay_steps=4)
    rates = [stable.learning_rate(step, steps) for step in (0, 1, 5, 6, 8, 9)]
    assert rates == pytest.approx([0.5, 1.0, 1.0, 1.0, 0.6, 0.4])
    constant = OptimizerConfig(lr=1.0, warmup_steps=2, schedule="wsd")
    assert {constant.learning_rate(step, steps) for step in range(2, 10)} == {1.0}


def test_every_shipped_config_can_be_read():
    names = [Path(file.name).stem for file in (resources.files("lh_eval.assets") / "configs").iterdir()]
    assert {"lh-passkey", "paper-530m-norm-k1536", "grid-dense", "grid-qk-k256"} <= set(names)
    for name in names:
        assert TrainingConfig.find(name).name == name
    with pytest.raises(InputError, match="did you mean 'lh-passkey'"):
        TrainingConfig.find("lh-paskey")


def test_recipes_of_the_grid_differ_in_attention_alone():
    base = TrainingConfig.find("grid-dense").to_dict()
    for scorer, k, levels in [(s, k, n) for s in ("norm", "qk") for k, n in ((256, 3), (384, 3), (256, 5))]:
        config = TrainingConfig.find(f"grid-{scorer}-k{k}" + ("-l5" if levels == 5 else ""))
        lighthouse = config.lighthouse
        assert (lighthouse.scorer, lighthouse.k, lighthouse.num_levels) == (scorer, k, levels)
        assert {name for name, value in config.to_dict().items() if value != base[name]} == {
            "name",
            "lighthouse",
            "stages",
        }


def test_a_file_extends_another(tmp_path):
    (tmp_path / "base.toml").write_text('name = "base"\nseed = 3\n[lighthouse]\nk = 64\n')
    (tmp_path / "base.toml").open("a").write(
        "[model]\nhidden_size = 32\nnum_hidden_layers = 3\nnum_attention_heads = 2\n"
        "[[stages]]\nsteps = 2\nattention = 'dense'\n"
        "[[phases]]\nsteps = 2\nlength = 256\ntokens_per_step = 512\nmix = { copy = 1 }\n"
    )
    path = tmp_path / "other.toml"
    path.write_text('extends = "base.toml"\nname = "other"\n[lighthouse]\nscorer = "qk"\n')
    config = TrainingConfig.read(path)
    assert (config.name, config.seed, config.lighthouse.scorer) == ("other", 3, "qk")
    assert config.lighthouse.k != 64, "a table replaces the whole table"
    for text, message in (
        ("extends = 3", "extends must be a file's name, got 3"),
        ('extends = "absent.toml"', "got .*absent.toml"),
        ('extends = "other.toml"', "extends must name a file that extends none"),
    ):
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(InputError, match=message):
            TrainingConfig.read(tmp_path / "bad.toml")
