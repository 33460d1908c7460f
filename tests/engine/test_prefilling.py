"""What is read on is what is read anew, and no token is read twice."""

import pytest
import torch
from asking import tiny_llama
from transformers import MistralConfig, MistralForCausalLM

from lh_eval import LighthouseConfig
from lh_eval.engine.caches import branch, repeated
from lh_eval.engine.prefilling import Prefiller
from lh_eval.errors import InputError
from lh_eval.methods.lighthouse import use_lighthouse

LLAMA = tiny_llama()


@pytest.fixture
def prefiller(monkeypatch):
    """A `Prefiller`, dense unless a config is given, that counts in `read_tokens` what goes through the model."""
    opened = []

    def make(model=LLAMA, config=None, **options):
        block = use_lighthouse(model, config, dense_layers=(0, -1))
        session = block.__enter__()
        opened.append(block)
        made = Prefiller(session, **options)
        made.read_tokens = []
        prefill = session.prefill

        def counting(ids, *rest, **wanted):
            made.read_tokens.append(ids.shape[1])
            return prefill(ids, *rest, **wanted)

        monkeypatch.setattr(session, "prefill", counting)
        return made

    with torch.inference_mode():
        yield make
    for block in opened:
        block.__exit__(None, None, None)


def ids(n, seed=0, start=()):
    return [*start, *torch.randint(256, (n - len(start),), generator=torch.Generator().manual_seed(seed)).tolist()]


def assert_close(left, right):
    for one, other in zip(left.layers, right.layers, strict=True):
        torch.testing.assert_close(one.keys, other.keys, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(one.values, other.values, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", [1024, 16])
def test_the_rest_is_read_on_a_common_beginning(prefiller, monkeypatch, part):
    monkeypatch.setattr("lh_eval.modeling.session._PART", part)
    made = prefiller()
    first, second = [ids(100, 1), ids(100, 2)], [ids(120, 3, ids(100, 1)[:70]), ids(120, 4, ids(100, 2)[:64])]
    second[0][64] = (first[0][64] + 1) % 256
    made.read(first)
    cache = made.read(second).cache
    assert made.read_tokens == [100, 56]
    made.forget()
    assert_close(cache, made.read(second).cache)
    assert made.read_tokens == [100, 56, 120]


def test_equal_contexts_are_not_read_again(prefiller):
    made = prefiller()
    with branch(made.read([ids(90)]).cache) as cache:
        LLAMA(torch.tensor([[1, 2, 3]]), past_key_values=cache)
    assert made.read([ids(90)]).cache.get_seq_length() == 90
    assert made.read([ids(60)]).cache.get_seq_length() == 60
    assert made.read_tokens == [90]


@pytest.mark.parametrize(
    ("options", "contexts"),
    [
        ({"sharing": False}, [ids(90)]),
        ({"config": LighthouseConfig(k=16)}, [ids(90)]),
        ({}, [ids(90), ids(90)]),
        ({}, [ids(90, 1)]),
    ],
    ids=["off", "lighthouse", "other rows", "other text"],
)
def test_what_cannot_be_shared_is_read_anew(prefiller, options, contexts):
    made = prefiller(**options)
    made.read([ids(90)])
    made.read(contexts)
    assert made.read_tokens == [90, 90]


def test_under_lighthouse_nothing_is_read_on(prefiller):
    made = prefiller(config=LighthouseConfig(k=16))
    with pytest.raises(InputError, match="cache must be None under Lighthouse attention"):
        made.reader.prefill(torch.tensor([[1]]), made.read([ids(90)]))


def test_a_window_cannot_be_cropped_and_is_copied(prefiller):
    config = MistralConfig(
        vocab_size=257, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=16,
    )  # fmt: skip
    mistral = MistralForCausalLM(config).eval()
    made = prefiller(mistral)
    cache = made.read([ids(90)]).cache
    with branch(cache) as other:
        mistral(torch.tensor([[1, 2, 3]]), past_key_values=other)
    assert cache.get_seq_length() == 90
    assert_close(cache, made.read([ids(90)]).cache)
    assert made.read_tokens == [90, 90]


def test_a_repeated_cache_is_afterwards_what_it_was(prefiller):
    cache = prefiller().read([ids(40, 1), ids(40, 2)]).cache
    keys = cache.layers[1].keys.clone()
    with repeated(cache, 3) as wide:
        assert wide.layers[1].keys.equal(keys.repeat_interleave(3, 0))
    assert cache.layers[1].keys.equal(keys)
