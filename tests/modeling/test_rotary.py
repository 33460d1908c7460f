"""Finding a model's rotary embedding, and what is pooled with it against the model's own rotation."""

import copy

import pytest
import tiny_models
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from lh_eval import InputError, LighthouseConfig, use_lighthouse
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.pool import mean_pyramid
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.modeling.layers import layers_of
from lh_eval.modeling.rotary import rotary_of
from lh_eval.modeling.session import attending

AFTER = LighthouseConfig(k=8, tile_k=4, rope="after")
_GLM = tiny_models._DENSE | {"head_dim": 8, "partial_rotary_factor": 0.5, "pad_token_id": 256}
SCALINGS = {
    "default": {"rope_type": "default", "rope_theta": 1e4},
    "linear": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4, "original_max_position_embeddings": 64},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "rope_theta": 1e4,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
}


def model_of(name, **changes):
    if name in SCALINGS:
        changes |= {"rope_parameters": SCALINGS[name], "max_position_embeddings": 256}
        name = "llama"
    if name in ("cohere", "glm"):
        values = tiny_models._DENSE if name == "cohere" else _GLM
        config = AutoConfig.for_model(name, **tiny_models._IDS | tiny_models._SIZES | values)
    else:
        config = tiny_models.tiny_config(name)
    for key, value in changes.items():
        setattr(config, key, value)
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def found_in(model):
    return rotary_of(model, layers_of(model, ()))


@pytest.mark.parametrize(
    ("name", "attribute", "interleaved", "pairs"),
    [
        *((name, "inv_freq", False, 4) for name in ("qwen3", *SCALINGS)),
        ("gpt-neox", "inv_freq", False, 1),
        ("gemma3", "full_attention_inv_freq", False, 4),  # not that of the layers with windows
        ("qwen3-next", "inv_freq", False, 1),  # behind layers that keep states
        ("cohere", "inv_freq", True, 4),
        ("glm", "inv_freq", True, 2),
    ],
)
def test_found(name, attribute, interleaved, pairs):
    found = found_in(model_of(name))
    assert (found.name, found.interleaved) == (attribute, interleaved)
    assert found().inv_freq.shape == (pairs,)


@pytest.mark.parametrize("name", ["gpt2", "jamba", "llama4"])  # none; none; some layers without
def test_models_without_one_for_all_layers_are_refused(name):
    model = model_of(name)
    with pytest.raises(InputError, match=r"by one rotary embedding for rope='after', got .*; use rope='before'"):
        found_in(model)
    assert "rope='after'" in Lighthouse(k=8, tile_k=4, rope="after", dense_layers=()).check(model)
    assert Lighthouse(k=8, tile_k=4, dense_layers=()).check(model) is None
    with pytest.raises(InputError, match="rope='after'"), use_lighthouse(model, AFTER, dense_layers=()):
        pass


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nothing_is_left_behind(dtype):
    model = model_of("llama").to(dtype).train()
    state = torch.random.get_rng_state()
    found = found_in(model)
    assert found is found_in(model)
    assert torch.equal(state, torch.random.get_rng_state())
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert model.config._attn_implementation == "sdpa"
    assert all(x.grad is None for x in model.parameters())
    assert found_in(copy.deepcopy(model)) is not found


class Recorder:
    """Queries and keys of a layer."""

    title, whole = "Lighthouse", True

    def attend(self, q, k, v, scale):
        self.q, self.k = q, k
        return torch.zeros_like(q), torch.empty(0)


@pytest.mark.parametrize("tokens", [80, 600])
@pytest.mark.parametrize("name", [*SCALINGS, "qwen3"])
@torch.no_grad()
def test_pooled_is_the_models_own_rotation_of_raw_means(name, tokens):
    """Also where cosines and sines have a factor, and where frequencies change with the length."""
    model = model_of(name)
    attention = model.model.layers[0].self_attn
    layout = Layout(tokens, 3, 4, 1, 4)
    rotary = found_in(model)
    raw = {}
    for what, module in (("q", attention.q_proj), ("k", attention.k_proj)):
        module.register_forward_hook(lambda module, args, out, what=what: raw.setdefault(what, out))
    if name == "qwen3":  # raw is behind the normalisation of heads
        for what, module in (("q", attention.q_norm), ("k", attention.k_norm)):
            module.register_forward_hook(lambda module, args, out, what=what: raw.update({what: out}))
    recorder = Recorder()
    ids = torch.randint(0, 256, (1, tokens), generator=torch.Generator().manual_seed(0))
    with attending(model, recorder, frozenset({0})):
        model.model(input_ids=ids, use_cache=False)
    last = torch.cat([(torch.arange(size) + 1) * (layout.padded // size) - 1 for size in layout.sizes])
    q, k = (x.view(1, tokens, -1, 8).transpose(1, 2).double() for x in (raw["q"], raw["k"]))
    rope = model.model.rotary_emb
    angles = last[:, None].double() * rope.inv_freq.double()
    cos, sin = ((torch.cat([f(angles)] * 2, -1) * rope.attention_scaling)[None] for f in (torch.cos, torch.sin))
    expected = apply_rotary_pos_emb(mean_pyramid(q, layout), mean_pyramid(k, layout), cos, sin)
    made = rotary()
    for x, wanted in zip((recorder.q, recorder.k), expected, strict=True):
        found = mean_pyramid(x, layout, made.rotation(8, 16, x))
        torch.testing.assert_close(found, wanted.float(), rtol=1e-3, atol=1e-3)
    scaled = {"yarn": 0.1 * torch.tensor(4.0).log().item() + 1}
    assert rope.attention_scaling == pytest.approx(scaled.get(name, 1.0))


def test_frequencies_that_change_with_the_length_are_those_of_the_last_pass():
    model = model_of("dynamic")
    rotary = found_in(model)
    seen = []
    for tokens in (100, 600, 100):
        with torch.inference_mode():
            model(torch.zeros(1, tokens, dtype=torch.long))
        seen.append(rotary().inv_freq.clone())
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], seen[1])


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt-neox", "yarn", "llama3", "glm"])
@pytest.mark.parametrize("combine", ["sum", "finest"])
def test_training_from_random_weights(name, combine):
    model = model_of(name).train()
    config = LighthouseConfig(k=8, tile_k=4, rope="after", combine=combine)
    ids = torch.randint(0, 256, (2, 75), generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        with use_lighthouse(model, config, dense_layers=(0,)):
            loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
        assert all(x.grad is None or x.grad.isfinite().all() for x in model.parameters())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5


def test_before_and_after_read_differently():
    model, ids = model_of("llama"), torch.arange(150)[None]
    outs = []
    for rope in ("before", "after"):
        with torch.no_grad(), use_lighthouse(model, LighthouseConfig(k=8, tile_k=4, rope=rope), dense_layers=(0,)):
            outs.append(model(ids).logits)
    assert not torch.allclose(*outs)
