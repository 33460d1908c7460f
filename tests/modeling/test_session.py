"""Random models of several architectures, too small to be good at anything but large enough to be wrong."""

import copy

import pytest
import torch
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from lh_eval import InputError, LighthouseConfig, lighthouse_attention, use_lighthouse
from lh_eval.methods import lighthouse as integration
from lh_eval.modeling.layers import layers_of, layers_under

CONFIG = LighthouseConfig(k=8, tile_k=4)
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,  # scores that differ, and logits that show a difference
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
ARCHITECTURES = {
    "llama": (LlamaForCausalLM, LlamaConfig, {"num_key_value_heads": 2}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {"num_key_value_heads": 1, "head_dim": 8}),
    "mistral": (MistralForCausalLM, MistralConfig, {"num_key_value_heads": 2, "sliding_window": None}),
    "gpt-neox": (GPTNeoXForCausalLM, GPTNeoXConfig, {"rotary_pct": 0.5}),
}


def _make(architecture, **changes):
    model_class, config_class, values = ARCHITECTURES[architecture]
    torch.manual_seed(0)
    model = model_class(config_class(**SIZES | values | changes)).eval()
    for name, weight in model.named_parameters():
        if name.endswith(("q_norm.weight", "k_norm.weight")):  # else every norm is the same, and rounding selects
            torch.nn.init.uniform_(weight, 0.1, 2.0)
    return model


@pytest.fixture(params=ARCHITECTURES)
def model(request):
    return _make(request.param)


@pytest.fixture
def llama():
    return _make("llama")


def _ids(batch=1, tokens=150, seed=0):
    return torch.randint(1, 64, (batch, tokens), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def _logits(model, ids, config=CONFIG, dense_layers=(0, -1), **options):
    with use_lighthouse(model, config, dense_layers=dense_layers):
        return model(ids, **options).logits


@torch.no_grad()
def _plain(model, ids, **options):
    return model(ids, **options).logits


def test_every_architecture_runs_lighthouse_in_the_named_layers(model):
    seen = []
    with torch.no_grad(), use_lighthouse(model, CONFIG, dense_layers=(0, -1)) as session:
        session.observe = lambda layer, indices: seen.append((layer, tuple(indices.shape)))
        out = model(_ids(batch=2)).logits
    assert seen == [(layer, (2, 4, CONFIG.layout(150).gathered)) for layer in (1, 2)]
    assert (out - _plain(model, _ids(batch=2))).abs().max() > 0.1


def test_attention_of_a_layer_is_the_operators(llama):
    ids = _ids()
    attention = llama.model.layers[0].self_attn
    captured = {}
    hook = attention.register_forward_hook(
        lambda module, args, kwargs, out: captured.update(kwargs, out=out[0]), with_kwargs=True
    )
    _logits(llama, ids, dense_layers=())
    hook.remove()
    with torch.no_grad():
        hidden = captured["hidden_states"]
        q, k, v = (
            project(hidden).view(1, 150, -1, 8).transpose(1, 2)
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        q, k = apply_rotary_pos_emb(q, k, *llama.model.rotary_emb(hidden, torch.arange(150)[None]))
        expected = attention.o_proj(lighthouse_attention(q, k, v, CONFIG).transpose(1, 2).flatten(2))
    torch.testing.assert_close(captured["out"], expected)


def test_the_models_own_scale_is_used(monkeypatch, llama):
    for layer in llama.model.layers:
        layer.self_attn.scaling = 0.123
    scales = []

    def spy(*args, scale, **options):
        scales.append(scale)
        return integration_attend(*args, scale=scale, **options)

    integration_attend = integration.attend
    monkeypatch.setattr(integration, "attend", spy)
    _logits(llama, _ids())
    _logits(llama, _ids(), attention_mask=torch.tensor([[0] * 20 + [1] * 130]))
    assert scales == [0.123] * 4


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_equals_no_padding(model, side):
    lengths = [150, 97, 1]
    rows = [_ids(tokens=length, seed=length) for length in lengths]
    ids, mask = torch.zeros(3, 150, dtype=torch.long), torch.zeros(3, 150, dtype=torch.long)
    for row, tokens in enumerate(rows):
        place = slice(150 - tokens.shape[1], 150) if side == "left" else slice(0, tokens.shape[1])
        ids[row, place], mask[row, place] = tokens[0], 1
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    together = _logits(model, ids, attention_mask=mask, position_ids=positions)
    for row, tokens in enumerate(rows):
        alone = _logits(model, tokens)[0]
        torch.testing.assert_close(together[row][mask[row].bool()], alone, rtol=1e-4, atol=1e-4)


def test_a_mask_of_ones_changes_nothing(model):
    ids = _ids(batch=2)
    assert torch.equal(_logits(model, ids, attention_mask=torch.ones_like(ids)), _logits(model, ids))


def test_rows_of_a_batch_do_not_meet(model):
    ids = _ids(batch=3)
    together = _logits(model, ids)
    for row in range(3):
        torch.testing.assert_close(together[row], _logits(model, ids[row : row + 1])[0], rtol=1e-4, atol=1e-4)


def test_no_config_is_dense(model):
    ids = _ids(batch=2)
    assert torch.equal(_logits(model, ids, config=None), _plain(model, ids))
    mask = torch.ones_like(ids)
    mask[1, :40] = 0
    assert torch.equal(_logits(model, ids, config=None, attention_mask=mask), _plain(model, ids, attention_mask=mask))


def test_sliding_window_layers_are_left_as_they_are():
    ids = _ids()
    kinds = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    mixed = _make("qwen3", use_sliding_window=True, sliding_window=16, layer_types=kinds)
    seen = []
    with torch.no_grad(), use_lighthouse(mixed, CONFIG, dense_layers=()) as session:
        session.observe = lambda layer, indices: seen.append(layer)
        mixed(ids)
    assert seen == [1, 3]
    assert layers_of(mixed, ()) == session.layers == {1, 3}


def test_windows_in_all_layers_are_refused():
    sliding = _make("mistral", sliding_window=16)
    message = "must have layers of full softmax attention for Lighthouse, got MistralForCausalLM with none"
    with pytest.raises(InputError, match=message), use_lighthouse(sliding, CONFIG, dense_layers=(0, -1)):
        pass
    kinds = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    mixed = _make("qwen3", use_sliding_window=True, sliding_window=16, layer_types=kinds)
    with pytest.raises(InputError, match="got Qwen3ForCausalLM with none among the 2 that are not named dense"):
        layers_of(mixed, (1, 3))
    assert torch.equal(_logits(sliding, _ids(), config=None), _plain(sliding, _ids()))


def test_a_window_that_the_configuration_does_not_name_is_refused():
    hidden = _make("mistral", sliding_window=16)
    layers = hidden.config.num_hidden_layers
    hidden.config.layer_types = ["full_attention"] * layers
    with pytest.raises(InputError, match="got sliding_window"):
        _logits(hidden, _ids(), dense_layers=())


@torch.no_grad()
def test_question_attends_densely_to_the_full_cache(model):
    context, question = _ids(), _ids(tokens=7, seed=1)
    with use_lighthouse(model, CONFIG, dense_layers=(0, -1)):
        cache = model(context, use_cache=True).past_key_values
        assert cache.get_seq_length() == 150
        outside = copy.deepcopy(cache)
        logits = model(question, past_key_values=cache).logits
        token = model(question[:, :1], past_key_values=cache).logits
    torch.testing.assert_close(logits, model(question, past_key_values=outside).logits)
    torch.testing.assert_close(token, model(question[:, :1], past_key_values=outside).logits)
    # the first layers' keys are those of a dense prefill; behind a Lighthouse layer they differ
    dense = model(context, use_cache=True).past_key_values
    for layer, same in ((0, True), (1, True), (2, False)):
        assert torch.equal(cache.layers[layer].keys[:, :, :150], dense.layers[layer].keys) == same


@torch.no_grad()
@pytest.mark.parametrize("dense_layers", [(0,), (0, -1)])
def test_a_prefill_for_the_cache_alone(model, dense_layers):
    context, question = _ids(batch=2), _ids(batch=2, tokens=5, seed=1)
    seen = []
    with use_lighthouse(model, CONFIG, dense_layers=dense_layers) as session:
        full = model(context, use_cache=True).past_key_values
        session.observe = lambda layer, indices: seen.append(layer)
        filled = session.prefill(context).cache
        assert seen == [layer for layer in (1, 2, 3) if layer in session.layers]
        for a, b in zip(full.layers, filled.layers, strict=True):
            assert torch.equal(a.keys, b.keys)
            assert torch.equal(a.values, b.values)
        expected = model(question, past_key_values=full).logits
        assert torch.equal(model(question, past_key_values=filled).logits, expected)
    with use_lighthouse(model, None) as session:
        dense = session.prefill(context).cache
    assert torch.equal(dense.layers[-1].keys, model(context, use_cache=True).past_key_values.layers[-1].keys)


@torch.no_grad()
def test_a_prefill_leaves_the_session_usable_after_an_error(llama):
    with use_lighthouse(llama, CONFIG, dense_layers=(0,)) as session:
        expected = llama(_ids()).logits

        def fail(layer, indices):
            raise RuntimeError("observer")

        session.observe = fail
        with pytest.raises(RuntimeError, match="observer"):
            session.prefill(_ids())
        session.observe = None
        assert torch.equal(llama(_ids()).logits, expected)


def test_generation_goes_through(llama):
    with torch.no_grad(), use_lighthouse(llama, CONFIG, dense_layers=(0,)):
        tokens = llama.generate(_ids(), max_new_tokens=5, min_new_tokens=5, do_sample=False)
        again = llama.generate(_ids(), max_new_tokens=5, min_new_tokens=5, do_sample=False)
    assert tokens.shape == (1, 155)
    assert torch.equal(tokens, again)


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_everything_is_restored(llama, implementation):
    llama.set_attn_implementation(implementation)
    before = {name: set(vars(module)) for name, module in llama.named_modules()}
    expected = _plain(llama, _ids())

    def check():
        assert llama.config._attn_implementation == implementation
        assert {name: set(vars(module)) for name, module in llama.named_modules()} == before
        assert torch.equal(_plain(llama, _ids()), expected)

    _logits(llama, _ids())
    check()
    with pytest.raises(KeyboardInterrupt), use_lighthouse(llama, CONFIG, dense_layers=(0,)):
        raise KeyboardInterrupt
    check()


def test_nested_use_is_refused_and_the_outer_block_stays_whole(llama):
    expected = _logits(llama, _ids())
    with torch.no_grad(), use_lighthouse(llama, CONFIG, dense_layers=(0, -1)):
        with (
            pytest.raises(InputError, match="model must not be attending already"),
            use_lighthouse(llama, CONFIG, dense_layers=(0,)),
        ):
            pass
        assert torch.equal(llama(_ids()).logits, expected)


def test_packed_sequences_are_refused(llama):
    positions = torch.cat([torch.arange(70), torch.arange(80)])[None]
    with pytest.raises(InputError, match="packed sequences are not supported"):
        _logits(llama, _ids(), position_ids=positions, use_cache=False)


def test_a_model_without_attention_layers_is_refused():
    model = _make("llama")
    for module in model.modules():
        vars(module).pop("layer_idx", None)
    with pytest.raises(
        InputError, match="model must have layers of full softmax attention for Lighthouse, got LlamaForCausalLM"
    ):
        _logits(model, _ids())


def test_attention_dropout_is_refused():
    model = _make("llama", attention_dropout=0.1).train()
    with pytest.raises(InputError, match=r"attention_dropout must be 0 under Lighthouse, got 0\.1"):
        _logits(model, _ids())


@pytest.mark.parametrize(
    ("dense_layers", "message"),
    [
        ((4,), "dense_layers must be from -4 to 3, got 4"),
        ((0, -5), "dense_layers must be from -4 to 3, got -5"),
        ((0, 1, -2, -1), r"dense_layers must leave a layer for Lighthouse, got \(0, 1, -2, -1\) of 4"),
    ],
)
def test_bad_dense_layers(llama, dense_layers, message):
    with pytest.raises(InputError, match=message), use_lighthouse(llama, CONFIG, dense_layers=dense_layers):
        pass
    assert llama.config._attn_implementation == "sdpa"


def test_the_layers_that_are_left():
    assert layers_under(30, (0, 1, -2, -1)) == frozenset(range(2, 28))
    assert layers_under(2, ()) == {0, 1}
    assert layers_under(3, (0, 0, -3)) == {1, 2}


@pytest.mark.filterwarnings(
    "ignore:.gradient_checkpointing_enable:FutureWarning"
)  # the older name still works everywhere
@pytest.mark.parametrize("checkpointing", [False, True])
def test_training_step(model, checkpointing):
    model.train()
    if checkpointing:
        model.gradient_checkpointing_enable()  # the backward attends once more
    ids = _ids(batch=2)
    with use_lighthouse(model, CONFIG, dense_layers=(0, -1)):
        loss = model(ids, labels=ids, use_cache=False).loss
        loss.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in model.parameters())
    assert all(weight.grad.abs().max() > 0 for name, weight in model.named_parameters() if "bias" not in name)

    before = loss.item()
    with torch.no_grad():
        for weight in model.parameters():
            weight -= 1e-3 * weight.grad / weight.grad.norm()
        with use_lighthouse(model, CONFIG, dense_layers=(0, -1)):
            assert model(ids, labels=ids, use_cache=False).loss.item() < before


def test_autocast(llama):
    ids = _ids()
    with torch.no_grad(), use_lighthouse(llama, CONFIG, dense_layers=(0, -1)):
        exact = llama(ids).logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = llama(ids).logits
    assert rounded.dtype == torch.bfloat16
    assert (rounded - exact).norm() < 0.3 * exact.norm()
