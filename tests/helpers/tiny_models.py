"""Small random models of many architectures, each as a checkpoint folder."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer

_IDS = {"vocab_size": 257, "pad_token_id": 256, "bos_token_id": 256, "eos_token_id": 256}
_SIZES = {"hidden_size": 32, "num_hidden_layers": 4, "initializer_range": 0.2}
_HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2}
_DENSE = _HEADS | {"intermediate_size": 48, "max_position_embeddings": 1024}
_MAMBA2 = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_chunk_size": 16, "mamba_n_groups": 1}
_LOCAL = {"sliding_window": 32, "layer_types": ["sliding_attention", "full_attention"] * 2}
_LINEAR = {"layer_types": ["linear_attention", "full_attention"] * 2}
_MLA = _HEADS | {
    "num_key_value_heads": 4,
    "intermediate_size": 48,
    "moe_intermediate_size": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 12,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "max_position_embeddings": 1024,
}

# name -> (model_type, what its config has beside the sizes all share)
TINY: dict[str, tuple[str, dict[str, Any]]] = {
    # full attention
    "llama": ("llama", _DENSE),
    "gpt-neox": ("gpt_neox", _DENSE),
    "gpt2": ("gpt2", {"n_head": 4, "n_positions": 1024}),
    "gptj": ("gptj", {"n_head": 4, "n_positions": 1024, "rotary_dim": 4}),
    "bloom": ("bloom", {"n_head": 4}),
    "falcon": ("falcon", {"num_attention_heads": 4, "alibi": False}),
    "qwen3": ("qwen3", _DENSE | {"head_dim": 8}),
    # sliding windows, soft caps, sinks, chunks
    "mistral": ("mistral", _DENSE | {"sliding_window": 32}),
    "gemma2": ("gemma2", _DENSE | _LOCAL | {"head_dim": 8}),
    "gemma3": ("gemma3_text", _DENSE | _LOCAL | {"head_dim": 8}),
    "gpt-oss": ("gpt_oss", _DENSE | _LOCAL | {"head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "llama4": (
        "llama4_text",
        _DENSE | {"head_dim": 8, "intermediate_size_mlp": 48, "num_local_experts": 2, "attention_chunk_size": 64},
    ),
    # latent and sparse attention
    "deepseek-v3": ("deepseek_v3", _MLA | {"q_lora_rank": 16, "n_routed_experts": 4, "first_k_dense_replace": 1}),
    "deepseek-v3.2": (
        "deepseek_v32",
        _MLA
        | {"q_lora_rank": 16, "n_routed_experts": 4, "first_k_dense_replace": 1, "head_dim": 8}
        | {"index_topk": 48, "index_head_dim": 16, "index_n_heads": 16},
    ),
    # linear attention beside full
    "qwen3-next": (
        "qwen3_next",
        _DENSE
        | _LINEAR
        | {"head_dim": 8, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2}
        | {"linear_num_value_heads": 4, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16}
        | {"num_experts": 4, "num_experts_per_tok": 2},
    ),
    "kimi-linear": (
        "kimi_linear",
        _MLA | _LINEAR | {"linear_head_dim": 8, "linear_num_heads": 4, "num_local_experts": 4},
    ),
    "minimax": ("minimax", _DENSE | _LINEAR | {"head_dim": 8, "num_local_experts": 2, "block_size": 32}),
    "olmo-hybrid": (
        "olmo_hybrid",
        _DENSE
        | _LINEAR
        | {
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "linear_num_key_heads": 4,
            "linear_num_value_heads": 4,
        },
    ),
    # states beside full attention
    "jamba": (
        "jamba",
        _DENSE
        | {"attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "mamba_d_state": 8, "mamba_dt_rank": 4},
    ),
    "bamba": ("bamba", _DENSE | _MAMBA2 | {"attn_layer_indices": [1, 3]}),
    "falcon-h1": ("falcon_h1", _DENSE | _MAMBA2 | {"mamba_d_ssm": 64, "head_dim": 8}),
    "granite-hybrid": (
        "granitemoehybrid",
        _DENSE
        | _MAMBA2
        | {"layer_types": ["mamba", "attention"] * 2, "num_local_experts": 2, "shared_intermediate_size": 32},
    ),
    "nemotron-h": (
        "nemotron_h",
        _DENSE
        | {"layers_block_type": ["mamba", "attention", "moe", "attention"], "mamba_num_heads": 8, "mamba_head_dim": 8}
        | {"ssm_state_size": 8, "n_groups": 1, "chunk_size": 16, "head_dim": 8, "n_routed_experts": 2}
        | {"moe_intermediate_size": 16, "moe_shared_expert_intermediate_size": 16, "num_experts_per_tok": 1},
    ),
    "lfm2": ("lfm2", _DENSE | {"layer_types": ["conv", "full_attention"] * 2}),
    "recurrent-gemma": (
        "recurrent_gemma",
        _DENSE | {"lru_width": 32, "attention_window_size": 32, "block_types": ["recurrent", "attention"]},
    ),
    # no attention at all
    "mamba": ("mamba", {"state_size": 8, "time_step_rank": 4}),
    "falcon-mamba": ("falcon_mamba", {"state_size": 8, "time_step_rank": 4}),
    "mamba2": ("mamba2", {"num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1, "chunk_size": 16}),
    "rwkv": ("rwkv", {"attention_hidden_size": 32, "intermediate_size": 48, "context_length": 1024}),
    "xlstm": ("xlstm", {"hidden_size": 128, "num_heads": 4, "chunk_size": 16}),
}


def tiny_config(name: str) -> Any:
    """The configuration of a tiny model."""
    model_type, values = TINY[name]
    return AutoConfig.for_model(model_type, **_IDS | _SIZES | values)


def tiny_model(name: str) -> Any:
    """A tiny random model in evaluation mode, the same each time."""
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(tiny_config(name)).eval()


def save_tiny(name: str, folder: Path) -> None:
    """Write a tiny model's checkpoint folder, its tokenizer beside it."""
    tiny_model(name).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
