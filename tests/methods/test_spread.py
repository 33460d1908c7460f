import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from lh_eval import LighthouseConfig
from lh_eval.methods.spread import median_spread, score_spread

CONFIG = LighthouseConfig(k=8, tile_k=4)
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
}
IDS = torch.randint(0, 64, (2, 150), generator=torch.Generator().manual_seed(0))


def make(model_class, config_class, **changes):
    torch.manual_seed(0)
    return model_class(config_class(**SIZES | changes)).eval()


def test_norms_of_normalised_queries_and_keys_are_flat():
    llama = make(LlamaForCausalLM, LlamaConfig)
    qwen = make(Qwen3ForCausalLM, Qwen3Config, head_dim=8)
    assert median_spread(score_spread(qwen, IDS, CONFIG, (0, -1))) < 1e-6
    assert median_spread(score_spread(llama, IDS, CONFIG, (0, -1))) > 0.1


def test_a_value_for_each_layer_and_head():
    llama = make(LlamaForCausalLM, LlamaConfig)
    spreads = score_spread(llama, IDS, CONFIG, (0, -1))
    assert {layer: (spread.query.shape, spread.key.shape) for layer, spread in spreads.items()} == {
        1: ((4,), (2,)),
        2: ((4,), (2,)),
    }
    assert llama.config._attn_implementation == "sdpa"


def test_it_is_standard_deviation_over_mean():
    llama = make(LlamaForCausalLM, LlamaConfig)
    captured = {}
    hook = llama.model.layers[0].self_attn.q_proj.register_forward_hook(
        lambda module, args, out: captured.update(q=out.view(2, 150, 4, 8))
    )
    spread = score_spread(llama, IDS, CONFIG, (1, 2, 3))[0]
    hook.remove()
    norms = captured["q"].norm(dim=-1)  # rotation leaves them as they are
    expected = (norms.std(1, correction=0) / norms.mean(1)).mean(0)
    torch.testing.assert_close(spread.query.float(), expected)


def test_the_configs_scorer_is_asked_and_left_as_it_was():
    llama = make(LlamaForCausalLM, LlamaConfig)
    config = LighthouseConfig(k=8, tile_k=4, scorer="recency")
    before = config.token_scorer
    # 0 to 149: the deviation of a uniform distribution over its mean
    assert median_spread(score_spread(llama, IDS, config, (0, -1))) == pytest.approx(3**-0.5, rel=0.01)
    assert config.token_scorer is before


def test_no_layer_no_median():
    assert median_spread({}) is None
