"""Questions that share a row say what they say in rows of their own."""

import copy

import pytest
import torch
from asking import tiny_llama
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, Qwen3Config, Qwen3ForCausalLM

from lh_eval.engine.asking import Asking
from lh_eval.engine.caches import repeated
from lh_eval.engine.prefilling import Prefiller
from lh_eval.methods.lighthouse import use_lighthouse

SMALL = {
    "vocab_size": 256,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
}


def _models():
    torch.manual_seed(0)
    qwen = Qwen3Config(**SMALL, num_key_value_heads=2, head_dim=8)
    return {
        "llama": tiny_llama(),
        "llama with heads of 12": tiny_llama(head_dim=12),
        "qwen3": Qwen3ForCausalLM(qwen).eval(),
        "gpt-neox": GPTNeoXForCausalLM(GPTNeoXConfig(**SMALL)).eval(),
    }


MODELS = _models()


def _ids(rows, tokens, seed):
    return torch.randint(0, 250, (rows, tokens), generator=torch.Generator().manual_seed(seed)).tolist()


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_side_by_side_as_apart(name):
    model, repeats = MODELS[name], 3
    steps = [_ids(2 * repeats, width, seed) for seed, width in enumerate((5, 1, 2, 1))]
    with use_lighthouse(model, None) as session:
        filled = Prefiller(session).read(_ids(2, 40, 9))
        cache = filled.cache
        with repeated(cache, repeats) as wide, Asking(model, filled._replace(cache=wide)).branch() as apart:
            expected = [apart.read(step, every=True) for step in steps]
        assert cache.get_seq_length() == 40
        with Asking(model, filled, repeats).branch() as together:
            for place, (step, logits) in enumerate(zip(steps, expected, strict=True)):
                with together.branch() as aside:  # what is told aside is not remembered
                    aside.read(_ids(2 * repeats, 4, 7))
                every = place % 2 == 0
                found = together.read(step, every=every)
                torch.testing.assert_close(found, logits if every else logits[:, -1], rtol=1e-4, atol=5e-5)
        assert cache.get_seq_length() == 40
        assert cache.layers[0].keys.shape[0] == 2


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_side_by_side_is_as_near_to_float32_as_apart(name, device):
    model, repeats = copy.deepcopy(MODELS[name]).to(device, torch.bfloat16), 5
    contexts, steps = _ids(2, 200, 9), [_ids(2 * repeats, width, seed) for seed, width in enumerate((6, 1, 3, 1))]

    def error(asked):
        found = [asked.read(step, every=True) for step in steps]
        off = torch.cat([(one.cpu() - right).flatten() for one, right in zip(found, exact, strict=True)])
        return float(off.square().mean().sqrt())  # the largest of so many is chance's

    precise = copy.deepcopy(model).float().cpu()
    with use_lighthouse(precise, None) as session:
        filled = Prefiller(session).read(contexts)
        with repeated(filled.cache, repeats) as wide:
            asked = Asking(precise, filled._replace(cache=wide))
            exact = [asked.read(step, every=True) for step in steps]
    with use_lighthouse(model, None) as session:
        filled = Prefiller(session).read(contexts)
        with repeated(filled.cache, repeats) as wide, Asking(model, filled._replace(cache=wide)).branch() as apart:
            expected = error(apart)
        with Asking(model, filled, repeats).branch() as together:
            assert error(together) <= 1.25 * expected
