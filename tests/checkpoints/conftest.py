import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer


def save_tiny(folder, **save_options):
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder, **save_options)
    byte_tokenizer().save_pretrained(folder)


@pytest.fixture
def tiny(tmp_path):
    """A checkpoint folder of a random model of 25 thousand parameters."""
    folder = tmp_path / "tiny"
    save_tiny(folder)
    return folder


@pytest.fixture
def sharded(tmp_path):
    """The same in several weight files."""
    folder = tmp_path / "sharded"
    save_tiny(folder, max_shard_size="40KB")
    return folder
