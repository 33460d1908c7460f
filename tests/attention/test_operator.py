"""What the public functions refuse, and by which name."""

import dataclasses
import logging
import math
import re

import pytest
import torch
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.attention import operator
from lh_eval.scorers.base import SCORERS, Scores

CONFIG = LighthouseConfig(k=4, tile_k=4)


def _inputs(**changes):
    q, k, v = tensors(0, batch=2, heads=4, groups=2, tokens=20, dtype=torch.float32)
    inputs = {"q": q, "k": k, "v": v}
    return {name: changes[name](x) if name in changes else x for name, x in inputs.items()}


@pytest.mark.parametrize("function", [lighthouse_attention, select_entries])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"q": lambda q: q[0]}, "q must be a tensor [batch, heads, tokens, dim], got shape (4, 20, 8)"),
        ({"k": lambda k: k.numpy()}, "k must be a tensor [batch, heads, tokens, dim], got ndarray"),
        ({"v": lambda v: None}, "v must be a tensor [batch, heads, tokens, dim], got NoneType"),
        ({"q": lambda q: q[:, :, :0]}, "q must not be empty, got shape (2, 4, 0, 8)"),
        ({"q": lambda q: q.long()}, "q must be float64, float32, float16 or bfloat16, got torch.int64"),
        ({"k": lambda k: k.double()}, "k must have q's dtype and device, torch.float32 on cpu, got torch.float64"),
        ({"v": lambda v: v.to("meta")}, "v must have q's dtype and device, torch.float32 on cpu, got torch.float32 on"),
        ({"v": lambda v: v[:, :1]}, "v must have k's shape (2, 2, 20, 8), got (2, 1, 20, 8)"),
        ({"v": lambda v: v[..., :4]}, "v must have k's shape (2, 2, 20, 8), got (2, 2, 20, 4)"),
        ({"q": lambda q: q[:, :3]}, "k must be [2, G, 20, 8] with G a divisor of 3, got (2, 2, 20, 8)"),
        ({"q": lambda q: q[:1]}, "k must be [1, G, 20, 8] with G a divisor of 4, got (2, 2, 20, 8)"),
        ({"q": lambda q: q[..., :4]}, "k must be [2, G, 20, 4] with G a divisor of 4, got (2, 2, 20, 8)"),
        ({"q": lambda q: q[:, :, -1:]}, "k must be [2, G, 1, 8] with G a divisor of 4, got (2, 2, 20, 8); queries and"),
    ],
)
def test_tensors(function, changes, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        function(**_inputs(**changes), config=CONFIG)


@pytest.mark.parametrize("function", [lighthouse_attention, select_entries])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": None}, "config must be a LighthouseConfig, got NoneType"),
        ({"scale": 0}, "scale must be a positive and finite number, got 0"),
        ({"scale": -1.0}, "scale must be a positive and finite number, got -1.0"),
        ({"scale": math.nan}, "scale must be a positive and finite number, got nan"),
        ({"scale": math.inf}, "scale must be a positive and finite number, got inf"),
        ({"scale": "1"}, "scale must be a positive and finite number, got '1'"),
        ({"impl": "fast"}, "impl must be one of auto, reference"),
    ],
)
def test_options(function, options, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        function(**_inputs(), **{"config": CONFIG, **options})


@pytest.mark.parametrize("scorer", ["norm", "qk"])
@pytest.mark.parametrize(("name", "kind"), [("q", "query"), ("k", "key")])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_placed(scorer, name, kind, bad):
    def spoil(x):
        x[1, 1, 17, 3] = bad
        return x

    config = dataclasses.replace(CONFIG, scorer=scorer)
    with pytest.raises(InputError, match=r"scores must be finite, got (nan|inf) at batch 1, head \d, position 17") as e:
        lighthouse_attention(**_inputs(**{name: spoil}), config=config)
    if scorer == "norm":
        assert str(e.value).startswith(f"{kind} scores")
        assert "head 1," in str(e.value)


@pytest.mark.parametrize("scorer", ["norm", "recency"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_placed(scorer, bad):
    def spoil(x):
        x[1, 1, 17, 3] = bad
        return x

    config = dataclasses.replace(CONFIG, scorer=scorer)
    with pytest.raises(InputError, match=rf"^v must be finite, got {bad} at batch 1, head 1, position 17;"):
        lighthouse_attention(**_inputs(v=spoil), config=config)


def test_a_scorer_of_wrong_shapes(monkeypatch):
    class Wrong:
        def __call__(self, q, k, v, *, scale):
            return Scores(q.norm(dim=-1), k.norm(dim=-1)[..., :-1])

    monkeypatch.setattr(SCORERS, "build", lambda spec: Wrong())
    message = "key scores must be [2, G, 20] with G a divisor of 4, got (2, 2, 19); fix the scorer"
    with pytest.raises(InputError, match=re.escape(message)):
        lighthouse_attention(**_inputs(), config=dataclasses.replace(CONFIG))


def test_auto_says_once_what_it_chose(caplog):
    operator._logged.clear()
    with caplog.at_level(logging.INFO, logger="lh_eval"):
        for _ in range(2):
            lighthouse_attention(**_inputs(), config=CONFIG)
    assert len([record for record in caplog.records if "impl='auto' chose" in record.message]) == 1


def test_attend_returns_what_the_two_functions_return():
    attended = operator.attend(**_inputs(), config=CONFIG, scale=0.3)
    assert torch.equal(attended.out, lighthouse_attention(**_inputs(), config=CONFIG, scale=0.3))
    assert torch.equal(attended.indices, select_entries(**_inputs(), config=CONFIG))


def test_default_scale():
    inputs = _inputs()
    default = lighthouse_attention(**inputs, config=CONFIG)
    assert torch.equal(default, lighthouse_attention(**inputs, config=CONFIG, scale=8**-0.5))
