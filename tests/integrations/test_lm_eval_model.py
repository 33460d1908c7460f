"""The model in lm-eval: our samples, our rates; likelihoods of a plain forward, with only scored rows' logits."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import lm_eval
import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model, model_registry
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval_runs import GRID, LIGHTHOUSE, TEXT, generate, make, ours, plainly, requests, run, scores
from transformers import Mamba2Config, Mamba2ForCausalLM, MistralConfig, MistralForCausalLM

from lh_eval._lm_eval import announce
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.integrations import lm_eval_scoring as scoring
from lh_eval.integrations.lm_eval_model import LighthouseLM
from lh_eval.integrations.lm_eval_yaml import lm_eval_folder
from lh_eval.modeling.session import Session


@pytest.fixture(scope="module")
def dense():
    return make()


@pytest.fixture(scope="module")
def lighthouse():
    return LighthouseLM(device="cpu", question_tokens=16, batch_size=4, **LIGHTHOUSE)


def test_dense_rates_agree_to_the_sample_with_ours_and_with_lm_evals_own_model(dense, checkpoint):
    results, samples = run(dense, "lh_passkey")
    assert scores(samples) == {place: row.score for place, row in ours(checkpoint, "dense", "passkey").items()}
    plain = HFLM(pretrained=dense.model, tokenizer=dense.tokenizer, batch_size=4)
    assert scores(run(plain, "lh_passkey")[1]) == scores(samples)
    assert results["acc,none"] == sum(scores(samples).values()) / 8


def test_lm_evals_own_ruler_runs_with_our_model(lighthouse, checkpoint, monkeypatch):
    wonderwords = pytest.importorskip("wonderwords", reason="lm-eval's RULER tasks import wonderwords")
    nltk = pytest.importorskip("nltk", reason="lm-eval's RULER tasks import nltk")
    monkeypatch.setattr(nltk, "download", lambda _: False)  # of punkt_tab, which this haystack does not need
    words = wonderwords.RandomWord()  # of which RULER sorts all pairs of a noun and an adjective, nine million
    few = {kind: list(words._categories[kind])[:50] for kind in ("nouns", "adjectives", "verbs")}
    monkeypatch.setattr(wonderwords, "RandomWord", lambda: SimpleNamespace(_categories=few))
    folder = str(Path(lm_eval.tasks.__file__).parent / "ruler")
    metadata = {"max_seq_lengths": [600], "tokenizer": str(checkpoint.folder)}
    manager = TaskManager(include_path=folder, include_defaults=False, metadata=metadata)
    out = lm_eval.simple_evaluate(
        model=lighthouse, tasks=["niah_single_1"], task_manager=manager, log_samples=True, limit=2
    )
    assert 0 <= out["results"]["niah_single_1"]["600,none"] <= 1
    for sample in out["samples"]["niah_single_1"]:
        assert sample["doc"]["outputs"][0] in sample["doc"]["input"]
        assert isinstance(sample["filtered_resps"][0], str)


PAIRS = [
    (TEXT, ", it was"),
    (TEXT, "."),
    (TEXT, "!"),
    (TEXT + " and more", " of it"),
    ("short", " one"),
    ("", "nothing before"),
    (TEXT, ", it"),
]


@pytest.mark.parametrize("batch_size", [1, 3, "auto"])
def test_likelihoods_are_those_of_a_plain_forward(batch_size):
    model = make(batch_size=batch_size)
    for (total, greedy), pair in zip(model.loglikelihood(requests(PAIRS), disable_tqdm=True), PAIRS, strict=True):
        expected, is_greedy = plainly(model, *pair)
        assert total == pytest.approx(expected, abs=1e-3)
        assert greedy == is_greedy


def test_a_greedy_continuation_is_told(dense):
    best = dense.tokenizer.decode(dense.model(torch.tensor([dense.tok_encode(TEXT)])).logits[0, -1].argmax())
    (_, yes), (_, no) = dense.loglikelihood(requests([(TEXT, best), (TEXT, best + "#")]), disable_tqdm=True)
    assert yes
    assert not no


def test_only_scored_rows_get_logits_and_a_context_is_read_once(dense, monkeypatch):
    contexts, rows, forward, fill = [], [], dense.model.forward, Session.prefill

    def spy_fill(self, ids, before=None, **options):
        contexts.append(ids.shape[1])
        return fill(self, ids, before, **options)

    def spy(*args, **options):
        out = forward(*args, **options)
        rows.append(out.logits.shape[1])
        return out

    monkeypatch.setattr(Session, "prefill", spy_fill)
    monkeypatch.setattr(dense.model, "forward", spy)
    dense.loglikelihood(requests([(TEXT, ".x"), (TEXT, "!y"), (TEXT, "?")]), disable_tqdm=True)
    assert contexts == [len(TEXT) - 16]
    assert sorted(rows) == [1, 2, 2]


@pytest.mark.parametrize(("batch_size", "read"), [(1, 400 + 3 * 100), (2, 2 * 400 + 2 * 100), (4, 0)])
def test_contexts_that_begin_alike_are_read_on_from_where_they_part(batch_size, read, monkeypatch):
    """Tokens that fill a cache: none where all are read at once."""
    model, tokens, fill = make(batch_size=batch_size), [], Session.prefill

    def spy(self, ids, before=None, **options):
        tokens.append(ids.numel())
        return fill(self, ids, before, **options)

    monkeypatch.setattr(Session, "prefill", spy)
    pairs = [((TEXT * 4)[:300] + letter * 116, ".") for letter in "abcd"]
    said = model.loglikelihood(requests(pairs), disable_tqdm=True)
    assert sum(tokens) == read
    for (total, greedy), pair in zip(said, pairs, strict=True):
        expected, is_greedy = plainly(model, *pair)
        assert (total, greedy) == (pytest.approx(expected, abs=1e-3), is_greedy)


def test_ten_choices_are_one_forward(dense, monkeypatch):
    calls, forward = [], dense.model.forward
    monkeypatch.setattr(dense.model, "forward", lambda *a, **o: calls.append(1) or forward(*a, **o))
    run(dense, "lh_passkey", limit=1)
    assert len(calls) == 1


def test_what_is_read_once_and_densely_has_no_cache(dense, monkeypatch):
    caches, forward = [], dense.model.forward

    def spy(*args, **options):
        out = forward(*args, **options)
        caches.append(out.past_key_values)
        return out

    monkeypatch.setattr(dense.model, "forward", spy)
    monkeypatch.setattr(Session, "prefill", lambda *_: pytest.fail("a cache was filled"))
    pairs = [(TEXT, "."), (TEXT, "!"), (TEXT[::-1] + " and more", " of it")]
    found = dense.loglikelihood(requests(pairs), disable_tqdm=True)
    assert caches == [None, None]
    monkeypatch.undo()
    assert [total for total, _ in found] == pytest.approx([plainly(dense, *pair)[0] for pair in pairs], abs=1e-3)


def test_a_changed_prompt_of_ours_is_an_unknown_one(dense):
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=GRID)
    doc = manager.load("lh_passkey")["tasks"]["lh_passkey"].eval_docs[0]
    whole = doc["text"] + doc["gap"] + doc["gen_prefix"]
    known, begun, changed = (
        dense._prompts.sample(Instance("loglikelihood", doc, (text, "1"), 0))
        for text in (whole, "Answer me: " + whole, whole[1:])
    )
    assert known.prompt_sha256 == doc["prompt_sha256"]
    assert begun.question_ids == known.question_ids
    assert dense.tokenizer.decode(begun.prompt_ids) == "Answer me: " + whole
    assert (
        begun.prompt_ids[begun.needle_start : begun.needle_end]
        == known.prompt_ids[known.needle_start : known.needle_end]
    )
    assert changed is None


def test_lighthouse_changes_likelihoods(dense, lighthouse):
    long = [(TEXT * 5, ".")]
    plain, sparse = (model.loglikelihood(requests(long), disable_tqdm=True)[0][0] for model in (dense, lighthouse))
    assert plain != pytest.approx(sparse, abs=1e-4)


def test_rolling_likelihood_and_long_tails(dense, monkeypatch):
    monkeypatch.setattr(scoring, "_ROWS", 7)
    text = TEXT[:40]
    (total,) = dense.loglikelihood_rolling([Instance("loglikelihood_rolling", {}, (text,), 0)], disable_tqdm=True)
    assert total == pytest.approx(plainly(dense, "", text)[0], rel=1e-4)


def test_a_window_is_left_as_it_was_between_questions(tmp_path):
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=8,
        initializer_range=0.3,
    )
    MistralForCausalLM(config).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    model = make(pretrained=str(tmp_path))
    for (total, _), pair in zip(model.loglikelihood(requests(PAIRS[:4]), disable_tqdm=True), PAIRS, strict=False):
        assert total == pytest.approx(plainly(model, *pair)[0], abs=1e-3)


@pytest.mark.parametrize("reading", ["prompt", "context"])
def test_a_model_of_states_is_read_and_gone_on_from(reading, tmp_path):
    torch.manual_seed(0)
    config = Mamba2Config(
        vocab_size=257,
        hidden_size=32,
        num_hidden_layers=2,
        num_heads=4,
        head_dim=16,
        state_size=8,
        n_groups=1,
        chunk_size=16,
        initializer_range=0.3,
        pad_token_id=256,
        bos_token_id=256,
        eos_token_id=256,
    )
    Mamba2ForCausalLM(config).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    model = make(pretrained=str(tmp_path), reading=reading, batch_size=2)
    for (total, _), pair in zip(model.loglikelihood(requests(PAIRS), disable_tqdm=True), PAIRS, strict=True):
        assert total == pytest.approx(plainly(model, *pair)[0], abs=1e-3)
    (said,) = generate(model, [TEXT])
    ids = torch.tensor([model.tok_encode(TEXT)])
    out = model.model.generate(ids, max_new_tokens=4, do_sample=False)
    assert said == model.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


def test_a_prompt_longer_than_the_model_is_refused():
    short = make(max_length=60)
    for call in (lambda: short.loglikelihood(requests(PAIRS[:1]), disable_tqdm=True), lambda: generate(short, [TEXT])):
        with pytest.raises(InputError, match=r"prompts must be of at most 60 tokens for lh-passkey.*max_length="):
            call()


def test_the_model_is_known_by_its_name(tmp_path, monkeypatch):
    announce()
    assert get_model("lighthouse") is LighthouseLM
    monkeypatch.setattr(model_registry, "_objs", {})
    announce()
    announce()
    assert get_model("lighthouse") is LighthouseLM
    # one that lm-eval is yet to be imported by
    monkeypatch.setattr(model_registry, "_objs", {})
    monkeypatch.delitem(sys.modules, "lm_eval.models")
    announce()
    assert "lighthouse" not in model_registry
    importlib.import_module("lm_eval.models")
    assert {"lighthouse", "hf"} <= set(model_registry)


def test_tasks_that_are_not_ours_run(lighthouse, tmp_path):
    (tmp_path / "data.jsonl").write_text(f'{{"q": "{TEXT * 4}", "c": ["a", "b"], "g": 1}}\n')
    head = f"dataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {tmp_path}/data.jsonl\ntest_split: test\n"
    (tmp_path / "choose.yaml").write_text(
        "task: choose\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: c\ndoc_to_target: g\n" + head
    )
    (tmp_path / "say.yaml").write_text(
        "task: say\noutput_type: generate_until\ndoc_to_text: q\ndoc_to_target: '{{g}}'\n"
        "generation_kwargs:\n  max_gen_toks: 4\n  until: ['.']\n" + head
    )
    manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
    out = lm_eval.simple_evaluate(model=lighthouse, tasks=["choose", "say"], task_manager=manager)
    assert out["results"]["choose"]["acc,none"] in (0.0, 1.0)
    assert out["results"]["say"]["exact_match,none"] in (0.0, 1.0)
