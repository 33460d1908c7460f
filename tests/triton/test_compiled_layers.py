"""A model whose layers are compiled whole computes under Lighthouse what it computes as it is, and never twice."""

import pytest
import torch
from torch._dynamo.utils import counters
from transformers import LlamaConfig, LlamaForCausalLM

from lh_eval import LighthouseConfig, use_lighthouse


@pytest.mark.long
def test_compiled_layers_equal_eager_ones(device, interpreted):
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 4, "head_dim": 16}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=16, **shape, **heads)).to(device)
    ids = torch.randint(16, (1, 22), device=device)
    config = LighthouseConfig(k=4, tile_k=2, rope="after")

    def step():
        model.zero_grad()
        with use_lighthouse(model, config, dense_layers=(0, -1), impl="triton"):
            loss = model(ids, labels=ids, use_cache=False).loss
            loss.backward()
        return [loss.detach(), *(weight.grad.clone() for weight in model.parameters())]

    eager = step()
    torch._dynamo.reset()
    counters.clear()
    for layer in model.model.layers:
        layer.compile(fullgraph=True, dynamic=False, backend="aot_eager" if interpreted else "inductor")
    for ours, theirs in zip(step(), eager, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert counters["stats"]["unique_graphs"] == 2  # a dense layer and one under Lighthouse, whatever their number
    step()
    assert counters["stats"]["unique_graphs"] == 2
