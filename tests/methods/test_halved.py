"""One half of Lighthouse at a time: with the other undone as well it is dense attention."""

import pytest
import torch

from lh_eval.attention.rotary import Rotary
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.methods.halved import HalfSelected, Halved
from lh_eval.methods.lighthouse import Lighthouse, Selected

N, FREQUENCIES = 150, Rotary(torch.tensor([1.0, 0.1]))
FEW, ALL = {"k": 4, "tile_k": 4}, {"k": 64}


@pytest.fixture(params=["before", "after"])
def halves(request):
    """Lighthouse with so many kept, and a half of it."""

    def make(keeps, local=1, **options):
        config = Lighthouse(num_levels=3, combine="finest", rope=request.param, **options)
        whole = Selected(config, rotary=lambda: FREQUENCIES)
        return whole, HalfSelected(whole if request.param == "after" else Selected(config), keeps, local)

    return make


def inputs():
    torch.manual_seed(0)
    return torch.randn(2, 4, N, 4), torch.randn(2, 2, N, 4), torch.randn(2, 2, N, 4)


def dense(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


def gathered(indices):
    """[B, H, N] whether a token was gathered."""
    return (indices[..., None] == torch.arange(N)).any(2)


def test_with_its_queries_kept_a_gathered_token_has_lighthouses_own_output(halves):
    q, k, v = inputs()
    whole, half = halves("queries", **FEW)
    (expected, indices), (out, kept) = whole.attend(q, k, v, None), half.attend(q, k, v, None)
    at = gathered(indices)
    assert torch.equal(kept, indices)
    assert 0 < at.float().mean() < 0.5
    torch.testing.assert_close(out[at], expected[at])
    assert not torch.isclose(out[~at], expected[~at]).all(-1).any()


def test_with_its_queries_kept_the_last_tokens_are_seen_in_any_case(halves):
    q, k, v = inputs()
    dense_near = torch.ones(N, N).tril().triu(-4).bool()
    _, half = halves("queries", local=N, **FEW)
    _, near = halves("queries", local=5, **FEW)
    first = near.attend(q, k, v, None)[0][:, :, :5]
    torch.testing.assert_close(first[:, :, :4], dense(q, k, v)[:, :, :4])  # no entry of several tokens is done yet
    whole = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=dense_near, enable_gqa=True)
    assert not torch.isclose(near.attend(q, k, v, None)[0][:, :, 20:], whole[:, :, 20:]).all(-1).any()
    assert not torch.equal(half.attend(q, k, v, None)[0], near.attend(q, k, v, None)[0])


def test_with_its_keys_kept_a_gathered_token_attends_densely_and_others_by_a_pooled_query(halves):
    q, k, v = inputs()
    whole, half = halves("keys", **FEW)
    (out, kept), at = half.attend(q, k, v, None), gathered(whole.kept(q, k, v, None))
    assert torch.equal(kept[1, 3], torch.arange(N))
    torch.testing.assert_close(out[at], dense(q, k, v)[at])
    assert not torch.isclose(out[~at], dense(q, k, v)[~at]).all(-1).any()
    # behind the last whole window of 16 nothing is gathered but by its own choice: one query for a stretch of tokens
    alike = (out[:, :, 1:] == out[:, :, :-1]).all(-1)
    assert alike[~at[:, :, 1:] & ~at[:, :, :-1]].float().mean() > 0.5


def test_keys_kept_is_dense_attention_where_all_is_gathered(halves):
    q, k, v = inputs()
    _, half = halves("keys", **ALL)
    torch.testing.assert_close(half.attend(q, k, v, None)[0], dense(q, k, v))


@pytest.mark.parametrize("keeps", ["queries", "keys"])
def test_no_token_sees_later_ones(halves, keeps, monkeypatch):
    q, k, v = inputs()
    whole, half = halves(keeps, **FEW)
    indices = whole.kept(q, k, v, None)
    monkeypatch.setattr(Selected, "kept", lambda *_: indices)
    before = half.attend(q, k, v, None)[0]
    for x in (q, k, v):
        x[:, :, 100:] += 1
    after = half.attend(q, k, v, None)[0]
    torch.testing.assert_close(after[:, :, :100], before[:, :, :100])
    assert not torch.isclose(after[:, :, 100], before[:, :, 100]).all(-1).all()


def test_names_and_what_cannot_be():
    halved = METHODS.build("halved:k=128,keeps=keys,combine=finest")
    assert halved == Halved(k=128, keeps="keys", combine="finest")
    assert halved.folder_name() == "keys-kept-norm-k128-combine_finest"
    assert halved.family(halved.options) == "keys kept norm"
    assert (Halved().prefix_hole, halved.prefix_hole) == (0, 15)
    with pytest.raises(InputError, match="keeps of method 'halved' must be queries or keys, got 'all'"):
        Halved(keeps="all")
    with pytest.raises(InputError, match="local of method 'halved' must be at least 1, got 0"):
        Halved(local=0)
    assert "local" not in Halved().to_dict()
    assert Halved(local=64).to_dict()["local"] == 64
    with pytest.raises(InputError, match="entries can be forced, as lighthouse, got halved"):
        halved.intervened(needle="in")
