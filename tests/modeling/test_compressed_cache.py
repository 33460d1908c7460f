import torch
from asking import tiny_llama
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lh_eval.engine.caches import repeated
from lh_eval.modeling.compressed_cache import CompressedLayer, answering, stack, stack_kept
from lh_eval.modeling.pressing import Compressed
from lh_eval.modeling.session import attending

IDS = torch.randint(0, 256, (2, 30), generator=torch.Generator().manual_seed(0))
QUESTION = torch.randint(0, 256, (2, 5), generator=torch.Generator().manual_seed(1))
POSITIONS = torch.arange(30, 35)[None]
MODEL = tiny_llama()


def part(row, kept, hide=None):
    """A context whose layers keep those positions, drop the others or, where `hide` says so, hide them."""
    cache = DynamicCache()
    MODEL(IDS[row : row + 1], past_key_values=cache)
    hidden, positions = {}, {}
    for index, layer in enumerate(cache.layers):
        picked = kept(index)
        positions[index] = picked.expand(1, 2, -1)
        if hide:
            hidden[index] = torch.ones(1, 2, 30, dtype=torch.bool).index_fill(2, picked, False)
        else:
            layer.keys, layer.values = layer.keys[:, :, picked], layer.values[:, :, picked]
    return Compressed(cache, hidden, positions, 30)


def asked(cache, rows=slice(None)):
    with attending(MODEL, None, frozenset()), answering(MODEL), torch.no_grad():
        return MODEL(QUESTION[rows], past_key_values=cache, position_ids=POSITIONS).logits


@torch.no_grad()
def test_layers_of_one_length_are_plain():
    cache = stack([part(row, lambda layer: torch.arange(10, 30)) for row in (0, 1)])
    assert all(type(layer) is DynamicLayer and layer.keys.shape[:3] == (2, 2, 20) for layer in cache.layers)


@torch.no_grad()
def test_what_is_hidden_is_as_what_is_dropped():
    def kept(layer):
        return torch.arange(3 * layer, 20 + layer)  # fewer in later layers

    dropped, hidden = (stack([part(row, kept, hide) for row in (0, 1)]) for hide in (False, True))
    assert all(type(layer) is CompressedLayer for layer in (*dropped.layers, *hidden.layers))
    assert {layer.get_seq_length() for layer in hidden.layers} == {30}
    torch.testing.assert_close(asked(dropped), asked(hidden), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_rows_of_different_lengths_are_as_alone():
    parts = [part(0, lambda layer: torch.arange(20)), part(1, lambda layer: torch.arange(4, 30 - layer))]
    assert stack_kept(parts, 1)[:, 0].tolist() == [[*range(20), *[-1] * 5], [*range(4, 29)]]
    cache = stack(parts)
    alone = [
        asked(stack([part(0, lambda layer: torch.arange(20))]), slice(0, 1)),
        asked(stack([part(1, lambda layer: torch.arange(4, 30 - layer))]), slice(1, 2)),
    ]
    torch.testing.assert_close(asked(cache), torch.cat(alone), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_rows_are_repeated_with_what_they_hide():
    cache = stack([part(row, lambda layer, row=row: torch.arange(row, 25), hide=True) for row in (0, 1)])
    layer = cache.layers[0]
    before = layer.hidden
    with repeated(cache, 3):
        assert torch.equal(layer.hidden, before.repeat_interleave(3, dim=0))
    assert torch.equal(layer.hidden, before)


@torch.no_grad()
def test_eager_attention_reads_it_too():
    parts = [[part(row, lambda layer: torch.arange(layer, 25)) for row in (0, 1)] for _ in range(2)]
    expected = asked(stack(parts[0]))
    MODEL.set_attn_implementation("eager")
    try:
        with answering(MODEL):
            logits = MODEL(QUESTION, past_key_values=stack(parts[1]), position_ids=POSITIONS).logits
    finally:
        MODEL.set_attn_implementation("sdpa")
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)


def test_calls_without_a_cache_are_left_alone():
    with answering(MODEL), torch.no_grad():
        assert torch.equal(MODEL(IDS, use_cache=False).logits, tiny_llama()(IDS, use_cache=False).logits)
    assert not any(module._forward_pre_hooks for module in MODEL.modules())
