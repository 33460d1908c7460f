import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from masked import inputs, masked_attention

from lh_eval.errors import InputError
from lh_eval.methods import window
from lh_eval.methods.base import METHODS
from lh_eval.methods.window import Window, Windowed


def seen(tokens, sinks):
    return lambda b, h, query: [key for key in range(query + 1) if key < sinks or key > query - tokens]


@given(st.integers(1, 50), st.integers(0, 9), st.integers(1, 40), st.sampled_from([1, 8, 2**26]))
def test_it_is_attention_to_window_and_sinks(tokens, sinks, n, chunk):
    q, k, v = inputs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "_CHUNK", chunk)
        out, kept = Windowed(tokens, sinks).attend(q[:, :, -n:], k, v, 0.3)
    torch.testing.assert_close(out, masked_attention(q[:, :, -n:], k, v, seen(tokens, sinks), 0.3))
    assert kept.shape[:2] == (2, 4)
    assert kept[0, 0].tolist() == seen(tokens, sinks)(0, 0, 39)


def test_a_window_over_everything_is_dense():
    q, k, v = inputs()
    dense = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(Windowed(40, 4).attend(q, k, v, None)[0], dense)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("window:tokens=0", "tokens of method 'window' must be at least 1, got 0"),
        ("window:sinks=-1", "sinks of method 'window' must be at least 0, got -1"),
        ("window:k=4", "option of method 'window' must be NAME=VALUE with NAME one of tokens, sinks, dense_layers"),
    ],
)
def test_bad_options(spec, message):
    with pytest.raises(InputError, match=message):
        METHODS.build(spec)


def test_what_figures_read():
    method = Window(tokens=1024)
    assert (method.family(), method.budget, method.folder_name()) == ("window", 1024, "window_tokens_1024")
    assert Window(tokens=1024, sinks=0).family() == "window:sinks=0"
    assert method.to_dict() == {"method": "window", "tokens": 1024, "sinks": 4, "dense_layers": []}
