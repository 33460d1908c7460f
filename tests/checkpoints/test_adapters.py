"""A LoRA adapter on its checkpoint: the logits that peft has, its own hash, and one line where it cannot be."""

import json

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.loading import load_checkpoint, load_tokenizer
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError


def adapt(tiny, folder, config):
    model = AutoModelForCausalLM.from_pretrained(tiny)
    torch.manual_seed(1)
    adapted = get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = str(tiny)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:  # begins at 0, which changes nothing
            torch.nn.init.normal_(parameter, std=0.5)
    adapted.save_pretrained(folder)
    return adapted.eval()


@pytest.fixture
def lora(tiny, tmp_path):
    folder = tmp_path / "adapter"
    return folder, adapt(tiny, folder, LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))


def one_line(folder, match):
    with pytest.raises(InputError, match=match) as error:
        load_checkpoint(str(folder), device="cpu")
    assert "\n" not in str(error.value)


def test_its_logits_are_peft_s(tiny, lora):
    folder, adapted = lora
    base, checkpoint = (load_checkpoint(str(path), device="cpu") for path in (tiny, folder))
    ids = torch.arange(40)[None]
    torch.testing.assert_close(checkpoint.model(ids).logits, adapted(ids).logits)
    assert not torch.allclose(checkpoint.model(ids).logits, base.model(ids).logits)
    assert type(checkpoint.model) is type(base.model)
    assert (checkpoint.name, checkpoint.folder) == ("adapter", folder)
    assert checkpoint.sha256 != base.sha256
    assert checkpoint.tokenizer.encode("a") == load_tokenizer(str(folder)).encode("a") == base.tokenizer.encode("a")


def test_settings_are_its_own_or_the_base_s(tiny, lora):
    folder, _ = lora
    for where, k in ((tiny, 128), (folder, 256)):
        CheckpointSettings(config=LighthouseConfig(k=k), dense_layers=(0,)).write(where)
        assert load_checkpoint(str(folder), device="cpu").settings.config.k == k


def test_without_peft(lora, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    one_line(lora[0], r"got no such package; run pip install 'lh-eval\[peft\]'")


def test_without_its_base(lora):
    config = json.loads((lora[0] / "adapter_config.json").read_text())
    for base, match in (
        ("/nowhere/base", "adapter's base must be there, got '/nowhere/base': .*write its folder as base_model"),
        (None, "base_model_name_or_path must name the adapter's checkpoint"),
        (str(lora[0]), "adapter's base must be a checkpoint, got the adapter"),
    ):
        (lora[0] / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": base}))
        one_line(lora[0], match)


def test_pickled_and_broken_weights(lora):
    weights = lora[0] / "adapter_model.safetensors"
    weights.write_bytes(b"nonsense")
    one_line(lora[0], "adapter must be loadable")
    weights.rename(lora[0] / "adapter_model.bin")
    one_line(lora[0], "adapter must have its weights in adapter_model.safetensors")
    (lora[0] / "adapter_config.json").write_text("{")
    one_line(lora[0], "adapter_config.json must be a JSON file")


def test_learned_prompts_do_not_merge(tiny, tmp_path):
    adapt(tiny, tmp_path / "adapter", PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM"))
    one_line(tmp_path / "adapter", "adapter must be one that merges into weights, such as LoRA, got PROMPT_TUNING")
