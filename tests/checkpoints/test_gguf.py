"""A GGUF file as a model: the numbers that it holds, its tokenizer, and one line where it cannot be."""

import json

import gguf
import pytest
import torch
from asking import tiny_llama
from transformers import AutoModelForCausalLM

from lh_eval.checkpoints import loading
from lh_eval.checkpoints.loading import load_checkpoint, load_tokenizer
from lh_eval.cli.app import main
from lh_eval.errors import InputError

_PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def written_name(name):
    """What GGUF calls a weight of a Llama."""
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if name in whole or name == "lm_head.weight":
        return whole.get(name, "output.weight")
    _, _, layer, part = name.split(".", 3)
    return f"blk.{layer}.{_NAMES[part.removesuffix('.weight')]}.weight"


def permuted(weight, heads):
    """Queries and keys as llama.cpp rotates them: the two halves of a head taken in turn."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


@pytest.fixture(scope="module")
def model():
    return tiny_llama(vocab_size=260)


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(_PIECES)
    writer.add_token_scores([0.0] * 260)
    writer.add_token_types([2, 3, 3, *[6] * 256, 1])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}")
    for name, value in model.state_dict().items():
        array = value.numpy()
        if "q_proj" in name or "k_proj" in name:
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            array = permuted(array, heads)
        writer.add_tensor(written_name(name), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_its_numbers_are_the_model_s(file, model):
    checkpoint = load_checkpoint(str(file), device="cpu")
    assert (checkpoint.name, checkpoint.folder, checkpoint.dtype) == ("tiny", file.parent, "float32")
    ids = torch.arange(3, 60)[None]
    torch.testing.assert_close(checkpoint.model(ids).logits, model(ids).logits)
    assert checkpoint.sha256 == loading.weights_sha256([file])
    assert checkpoint.tokenizer.chat_template.startswith("{% for m")
    text = "The pass key is 7."
    assert load_tokenizer(str(file)).encode(text) == checkpoint.tokenizer.encode(text)
    assert text in checkpoint.tokenizer.decode(checkpoint.tokenizer.encode(text))


def test_it_is_evaluated(file, tmp_path, capsys):
    command = ["niah", "--model", str(file), "--task", "niah_single_2", "--attention", "lighthouse:k=32"]
    command += [
        "--lengths",
        "700",
        "--depths",
        "50",
        "--trials",
        "1",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(command) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["attention"]["dense_layers"] == [0, -1], "of four layers"


@pytest.mark.parametrize("text", [b"nonsense", b"GGUF"])
def test_what_is_none(tmp_path, text):
    (tmp_path / "broken.gguf").write_bytes(text)
    with pytest.raises(InputError, match="weights must be a GGUF file that transformers reads, got ") as error:
        load_checkpoint(str(tmp_path / "broken.gguf"), device="cpu")
    assert "\n" not in str(error.value)


def test_the_folder_of_one_names_it(tmp_path):
    (tmp_path / "some.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"without config.json; give the GGUF file, .*some\.gguf"):
        load_checkpoint(str(tmp_path), device="cpu")


def test_the_reader_is_a_package(file, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="run pip install gguf"):
        load_tokenizer(str(file))


def test_the_weights_are_not_read_where_an_argument_is_wrong(file, monkeypatch, capsys):
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *_, **__: pytest.fail("weights were read"))
    for wrong in (["--task", "nosuch"], ["--depths", "101"], ["--attention", "dens"], ["--chat", "--thinking", "-1"]):
        assert main(["niah", "--model", str(file), *wrong]) == 2, wrong
    assert main(["run", "--suite", "nosuch", "--model", str(file)]) == 2
