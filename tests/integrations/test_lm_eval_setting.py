"""What lm-eval's model arguments say: settings as the command line has them."""

import json

import pytest
import torch
from lm_eval._cli.utils import key_val_to_dict
from lm_eval_runs import LIGHTHOUSE

from lh_eval.errors import InputError
from lh_eval.integrations.lm_eval_model import LighthouseLM
from lh_eval.integrations.lm_eval_setting import make_setting
from lh_eval.runs.setting import resolve_setting


def test_model_info(checkpoint):
    info = LighthouseLM(device="cpu", **LIGHTHOUSE).get_model_info()
    assert info["model_sha256"] == checkpoint.sha256
    assert info["attention"]["k"] == 16
    assert info["attention"]["dense_layers"] == []
    assert info["setting"]["text"] == ("lighthouse:k=16,num_levels=2,pooling_factor=16,scorer=random,dense_layers=none")
    assert info["reading"] == "prompt"
    json.dumps(info)


def test_settings_are_the_checkpoints_unless_given(checkpoint):
    model = LighthouseLM(device="cuda:0" if not torch.cuda.is_available() else "cpu")
    assert model.setting == resolve_setting("lighthouse", checkpoint.defaults)


@pytest.mark.parametrize(
    ("said", "layers"), [(0, (0,)), (-1.0, (-1,)), ("none", ()), ("0/-1", (0, -1)), ([0, 1], (0, 1))]
)
def test_layers_as_lm_evals_arguments_say_them(said, layers, checkpoint):
    assert make_setting(checkpoint, "lighthouse", {"dense_layers": said}, None).method.dense_layers == layers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scorrer": "norm"}, "model argument must be one of .* got 'scorrer'; did you mean 'scorer'"),
        ({"attention": "sparse"}, "method must be one of .*dense, .*lighthouse.* got 'sparse'"),
        ({"attention": "dense", "k": 64}, "attention must be lighthouse where its settings are given, got dense"),
        ({"k": 63}, "k must be even"),
        ({"dense_layers": "first"}, "dense_layers must be layer numbers such as 0/1/-2/-1"),
        ({"dense_layers": "9"}, "dense_layers must be from -4 to 3, got 9"),
        ({"question_tokens": 0}, "question_tokens must be a positive integer"),
        (
            {"attention": ["dense", "window"]},
            "attention must be one setting, got dense, window; run lm-eval once for each",
        ),
        ({"k": [64, 128]}, "attention must be one setting, got norm-k64, norm-k128"),
        ({"attention": "lighthouse:k=64", "k": 128}, "k must be given once"),
        ({"attention": "window:tokens=0"}, "tokens of method 'window' must be at least 1"),
        ({"reading": "aloud"}, "reading must be one of context, prompt, got 'aloud'"),
        ({"pretrained": "./nowhere"}, "model must be a checkpoint folder"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InputError, match=message):
        LighthouseLM(**{"device": "cpu", **options})


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        ("attention=window:tokens=64", "window:tokens=64"),
        ("attention='window:tokens=64,sinks=2'", "window:tokens=64,sinks=2"),
        ("attention=lighthouse:k=64,scorer=qk", "lighthouse:k=64,scorer=qk"),
        ("k=64,scorer=qk:dilation=8,dense_layers=0/-1", "lighthouse:k=64,scorer=[qk:dilation=8],dense_layers=0/-1"),
        (
            "attention=lighthouse:scorer=[pooled-qk:window=8,own=0.25]",
            "lighthouse:scorer=[pooled-qk:window=8,own=0.25]",
        ),
    ],
)
def test_settings_on_lm_evals_command_line(arguments, spec, checkpoint):
    given = key_val_to_dict(arguments)
    setting = make_setting(checkpoint, given.pop("attention", "lighthouse"), given, None)
    assert setting == resolve_setting(spec, checkpoint.defaults)
