"""Settling depths are those of a plain forward pass, of the rows that get logits alone."""

import math

import numpy as np
import pytest
import torch
from asking import tiny_llama
from scipy.spatial.distance import jensenshannon
from tiny_models import tiny_model

from lh_eval.errors import InputError
from lh_eval.modeling.settling import Lens, Settling, unfit

LLAMA = tiny_llama()
IDS = torch.arange(40).view(2, 20)


def by_definition(settling, model=LLAMA, ids=IDS):
    """[B, N] depths from transformers' hidden states and scipy's divergence (its root), row by row."""
    with torch.inference_mode():
        out = model(ids, output_hidden_states=True)
        states = [state if not settling.norm else model.model.norm(state) for state in out.hidden_states[1:-1]]
        said = [model.lm_head(state).softmax(-1).double().numpy() for state in states]
        last = out.logits.softmax(-1).double().numpy()
    depths = np.full(ids.shape, len(said) + 1)
    for place in np.ndindex(*ids.shape):
        far = [jensenshannon(own[place], last[place], base=settling.base) ** 2 for own in said]
        running = np.minimum.accumulate(far)
        depths[place] = next(
            (layer for layer, one in enumerate(running, 1) if one <= settling.threshold), len(said) + 1
        )
    return depths.tolist()


def taken(settling, model=LLAMA, ids=IDS, **options):
    lens = Lens(model, settling)
    with torch.inference_mode(), lens.attached():
        model(ids, **options)
    return lens.take(len(ids)).tolist()


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize(("base", "threshold"), [(2, 0.5), (math.e, 0.35)])
def test_depths_are_those_of_the_definition(base, threshold, norm):
    settling = Settling(base=base, threshold=threshold, norm=norm)
    depths = taken(settling)
    assert depths == by_definition(settling)
    assert len({depth for row in depths for depth in row}) > 1


def test_base_and_norm_are_different_measures():
    kinds = [Settling(), Settling(base=math.e), Settling(norm=False)]
    assert len({str(taken(kind)) for kind in kinds}) == 3


def test_only_rows_with_logits_are_unembedded(monkeypatch):
    forward, rows = LLAMA.lm_head.forward, []
    monkeypatch.setattr(LLAMA.lm_head, "forward", lambda hidden: rows.append(hidden[..., 0].numel()) or forward(hidden))
    whole = taken(Settling())
    rows.clear()
    assert taken(Settling(), logits_to_keep=1) == [row[-1:] for row in whole]
    assert rows[0] == 2
    assert sum(rows[1:]) <= 2 * 3
    assert taken(Settling(), logits_to_keep=torch.tensor([3, 7])) == [[row[3], row[7]] for row in whole]


def test_parts_are_the_whole(monkeypatch):
    whole = taken(Settling())
    monkeypatch.setattr("lh_eval.modeling.settling._MOST", 257 * 7)
    assert taken(Settling()) == whole


def test_a_prefill_and_a_failed_call_leave_nothing():
    lens = Lens(LLAMA, Settling())
    hooks = [module._forward_hooks for module in LLAMA.modules()]
    before = [list(each) for each in hooks]  # some are transformers' own
    with torch.inference_mode(), lens.attached():
        assert [list(each) for each in hooks] != before
        LLAMA.model(IDS)
        with pytest.raises(IndexError):
            LLAMA(IDS + 1000)
        LLAMA(IDS[:, :3])
    assert lens.take(2).shape == (2, 3)
    assert [list(each) for each in hooks] == before


@pytest.mark.parametrize("name", ["llama", "gpt2", "mamba", "jamba"])
def test_norm_and_unembedding_are_found(name):
    assert unfit(tiny_model(name)) is None


@pytest.mark.parametrize("name", ["gemma2", "xlstm"])
def test_a_model_without_is_refused(name):
    assert type(tiny_model(name)).__name__ in unfit(tiny_model(name))


def test_another_norm_is_noticed(monkeypatch):
    model = tiny_llama()
    monkeypatch.setattr(model, "lm_head", torch.nn.Linear(32, 257))
    monkeypatch.setattr(model, "get_output_embeddings", lambda: torch.nn.Linear(32, 257))
    assert "cap or scale" in unfit(model)


@pytest.mark.parametrize(
    "values", [{"threshold": 0}, {"threshold": 1.0}, {"base": 1.0}, {"base": math.e, "threshold": 0.7}]
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(InputError, match="must be"):
        Settling(**values)
