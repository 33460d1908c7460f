import copy
import importlib
import logging
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from asking import Trees, tiny_llama
from huggingface_hub import constants
from tiny_models import tiny_model
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from lh_eval import evaluate, load_checkpoint
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.asking import Asking
from lh_eval.engine.rows import iterate_rows
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.methods.dense import Dense
from lh_eval.methods.press import Press
from lh_eval.modeling.compressed_cache import CompressedLayer
from lh_eval.modeling.memory import is_croppable
from lh_eval.modeling.presses import INSTALL
from lh_eval.store.equality import differing_fields
from lh_eval.store.rows import to_frame

needs_kvpress = pytest.mark.skipif(find_spec("kvpress") is None, reason=f"kvpress is not installed: {INSTALL}")
IDS = torch.randint(0, 256, (2, 200), generator=torch.Generator().manual_seed(0))
QUESTION = torch.randint(0, 256, (1, 6), generator=torch.Generator().manual_seed(1)).tolist() * 2
# entries dropped alike in all layers, others in each layer, hidden, drawn at random, and in stages
NAMES = ["snapkv", "pyramidkv", "adakv:knorm", "random", "kvcompose", "chunkkv:knorm", "expected_attention"]


@torch.inference_mode()
def read(name, ids=IDS, *, ratio=0.5, model=None):
    """What was kept of contexts, the logits after their questions, and the position of these."""
    model, kept = model or tiny_llama(), {}
    with Press(name=name, ratio=ratio).attach(model, kept.__setitem__) as reader:
        filled = reader.prefill(ids)
        return kept, Asking(model, filled).read(QUESTION[: len(ids)]), filled


def state(model):
    modules = [
        (name, {*vars(module)}, {*module._modules}, len(module._forward_hooks), len(module._forward_pre_hooks))
        for name, module in model.named_modules()
    ]
    functions = {name: function for name, function in ALL_ATTENTION_FUNCTIONS.items() if name != "lh_eval"}
    library = functions, constants.HF_HUB_OFFLINE, logging.getLogger("kvpress").level
    return modules, model.config._attn_implementation, library, torch.get_rng_state().tolist()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("press:snapkv", Press(name="snapkv")),
        ("press:snapkv,ratio=0.25", Press(name="snapkv", ratio=0.25)),
        ("press:adakv:snapkv,ratio=0.75", Press(name="adakv:snapkv", ratio=0.75)),
    ],
)
def test_specs(spec, expected):
    assert METHODS.build(spec) == expected
    assert METHODS.build(str(expected.spec)) == expected


def test_what_figures_read():
    method = Press(name="adakv:snapkv", ratio=0.25)
    assert (method.family(), method.budget) == ("press:adakv:snapkv", 0.25)
    assert method.folder_name() == "press_adakv_snapkv_ratio_0.25"
    assert method.to_dict() == {"method": "press", "name": "adakv:snapkv", "ratio": 0.25}


@pytest.mark.parametrize("ratio", [-0.1, 1.0, float("nan")])
def test_bad_ratios(ratio):
    with pytest.raises(InputError, match="ratio of method 'press' must be at least 0 and less than 1, got"):
        Press(name="snapkv", ratio=ratio)


def test_without_kvpress_the_command_is_told(monkeypatch):
    load = importlib.import_module

    def without(name, *package):
        if name == "kvpress":
            raise ModuleNotFoundError("No module named 'kvpress'")
        return load(name, *package)

    monkeypatch.setattr(importlib, "import_module", without)
    reason = Press(name="snapkv").check(tiny_llama())
    assert reason == f"kvpress must be installed for a press, got \"No module named 'kvpress'\"; run {INSTALL}"


@needs_kvpress
def test_kvpress_is_not_imported_unless_a_press_is_made():
    program = (
        "import sys; from lh_eval.methods.base import METHODS; METHODS.names(); METHODS.build('press:snapkv');"
        "sys.exit('kvpress' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_documents_name_the_same_command():
    assert INSTALL in (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")


@needs_kvpress
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("snap", "press must be one of adakv, .* got 'snap'; did you mean 'snapkv'"),
        ("adakv", "must be made by a ratio alone, got 'adakv', made by press, .*; give it another, such as adakv:snap"),
        ("snapkv:knorm", "press 'snapkv' must go without another, got 'snapkv:knorm'; leave 'knorm' out"),
        ("think", "must be made by a ratio alone, got 'think', made by key_channel_compression_ratio"),
        ("observed_attention", "got 'observed_attention' with AssertionError: Set attn_implementation=\"eager\""),
        ("expected_attention_stats", "got 'expected_attention_stats' with LocalEntryNotFoundError"),
    ],
)
def test_presses_that_cannot_be_used_are_told_in_one_line(name, reason):
    model = tiny_llama()
    before = state(model)
    found = Press(name=name).check(model)
    assert "\n" not in found
    assert re.search(reason, found)
    assert state(model) == before


@needs_kvpress
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("gpt-neox", "must have self_attn in each of model.layers for a press, got GPTNeoXForCausalLM"),
        ("mistral", "must have layers of full softmax attention for a press, got MistralForCausalLM"),
        ("qwen3-next", "must have self_attn in each of model.layers for a press, got Qwen3NextForCausalLM"),
        ("falcon-h1", "must keep keys and values alone for a press, got FalconH1ForCausalLM"),
    ],
)
def test_models_that_no_press_fits_are_refused(model, reason):
    assert reason in Press(name="snapkv").check(tiny_model(model))


@needs_kvpress
def test_a_model_that_kvpress_does_not_know_is_noted():
    assert Press(name="snapkv").notes(tiny_llama()) is None
    assert Press(name="snapkv").notes(tiny_model("gemma3")) == "kvpress is not tested with Gemma3ForCausalLM"


@needs_kvpress
@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_answers_are_a_dense_caches_of_which_only_the_kept_positions_are_seen(name):
    model = tiny_llama()
    kept, logits, filled = read(name, model=model)
    assert filled.tokens == 200
    with Dense().attach(model) as reader:
        dense = reader.prefill(IDS)
    for layer, positions in kept.items():
        assert positions.shape[:2] == (2, 4)  # query heads
        assert torch.equal(positions[:, ::2], positions[:, 1::2])
        places = positions[:, ::2].masked_fill(positions[:, ::2] < 0, 200)
        hidden = torch.ones(2, 2, 201, dtype=torch.bool).scatter(2, places, False)[..., :200]
        dense.cache.layers[layer] = CompressedLayer.of(dense.cache.layers[layer], hidden)
    with Press(name=name).attach(model):
        torch.testing.assert_close(logits, Asking(model, dense).read(QUESTION), atol=1e-3, rtol=1e-3)


@needs_kvpress
@pytest.mark.parametrize("name", NAMES)
def test_contexts_are_compressed_alike_alone_and_in_any_order(name):
    kept, logits, _ = read(name)
    again, swapped, _ = read(name, IDS.flip(0))
    for layer, positions in kept.items():
        assert torch.equal(positions, again[layer].flip(0))
    assert not all(torch.equal(positions[0], positions[1]) for positions in kept.values())
    torch.testing.assert_close(swapped, logits.flip(0), atol=1e-3, rtol=1e-3)
    alone = torch.cat([read(name, IDS[row : row + 1])[1] for row in (0, 1)])
    torch.testing.assert_close(alone, logits, atol=1e-3, rtol=1e-3)


@needs_kvpress
@pytest.mark.parametrize("name", NAMES)
def test_the_share_that_is_kept_is_the_ratios(name):
    for ratio in (0.25, 0.75):
        kept, _, _ = read(name, ratio=ratio)
        share = sum((positions >= 0).sum().item() for positions in kept.values()) / (4 * 2 * 4 * 200)
        assert share == pytest.approx(1 - ratio, abs=0.1)  # a chunk has 20 tokens


@needs_kvpress
@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_nothing_compressed_is_dense(name):
    model = tiny_llama()
    with Dense().attach(model) as reader:
        dense = Asking(model, reader.prefill(IDS)).read(QUESTION)
    kept, logits, _ = read(name, ratio=0.0)
    torch.testing.assert_close(logits, dense, atol=1e-4, rtol=1e-4)
    assert all(positions.shape == (2, 4, 200) for positions in kept.values())


@needs_kvpress
def test_questions_begin_where_the_keys_end_that_a_press_moves():
    _, _, moved = read("key_rerotation:knorm")
    assert (moved.tokens, moved.cache.get_seq_length()) == (100, 106)
    _, _, left = read("knorm")
    assert (left.tokens, left.cache.get_seq_length()) == (200, 106)


@needs_kvpress
def test_only_plain_caches_are_plain():
    assert is_croppable(read("snapkv")[2].cache)
    assert not is_croppable(read("pyramidkv")[2].cache)
    assert not is_croppable(read("adakv:knorm")[2].cache)


@needs_kvpress
@torch.inference_mode()
def test_layers_with_a_window_keep_it():
    model = tiny_model("gemma3")
    kept, logits, filled = read("knorm", model=model)
    assert kept.keys() == {1, 3}
    assert [layer.keys.shape[2] for layer in filled.cache.layers] == [31, 106, 31, 106]
    assert logits.isfinite().all()


@needs_kvpress
@pytest.mark.parametrize("name", ["snapkv", "adakv:knorm", "key_rerotation:knorm", "kvcompose"])
def test_everything_is_afterwards_as_it_was(name):
    model = tiny_llama()
    weights, before = copy.deepcopy(model.state_dict()), state(model)
    read(name, model=model)
    assert state(model) == before
    with pytest.raises(InputError, match="press must fit the model and its prompts"):
        read(name, IDS[:, :0], model=model)
    assert state(model) == before
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


@needs_kvpress
def test_a_context_is_read_whole_and_without_logits():
    with Press(name="knorm").attach(tiny_llama()) as reader:
        filled = reader.prefill(IDS)
        with pytest.raises(InputError, match="cache must be None under a press"):
            reader.prefill(IDS, filled)
        with pytest.raises(InputError, match="logits must be those after a question under a press"):
            reader.prefill(IDS, logits=True)


@needs_kvpress
@pytest.mark.parametrize("name", NAMES)
def test_rows_do_not_depend_on_the_batch(monkeypatch, name):
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Trees(questions=2))
    keys = [("trees", 200, depth, trial) for depth in (0.0, 100.0) for trial in range(4)]
    method = Press(name=name)
    alone, together = (
        to_frame(iterate_rows(tiny_llama(), byte_tokenizer(), keys, method, reading="context", **options))
        for options in ({"batch_size": 1, "sharing": False}, {})
    )
    assert together["error"].isna().all()
    assert not differing_fields(alone, together)
    assert alone["selection_recall"].mean() < 1


@needs_kvpress
def test_rows_of_the_shipped_checkpoint():
    grid = {"task": "passkey", "lengths": [1024], "depths": [0, 30, 100], "trials": 2}
    checkpoint = load_checkpoint(device="cpu")
    rows = evaluate(checkpoint, **grid, setting="press:snapkv,ratio=0.5")
    assert rows["error"].isna().all()
    assert rows["score"].mean() == 1.0
    assert set(rows["reading"]) == {"context"}
    assert rows["selection_recall"].between(0, 1).all()
    # the last half, and the first four tokens
    recent = evaluate(checkpoint, **grid, setting="press:streaming_llm,ratio=0.5")
    assert recent.groupby("depth")["selection_recall"].mean().to_dict() == {0.0: 0.0, 30.0: 0.0, 100.0: 1.0}
