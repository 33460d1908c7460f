"""The model in lm-eval: our samples, our rates; likelihoods of a plain forward, with only scored rows' logits."""

from pathlib import Path
from types import SimpleNamespace

import lm_eval
import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import model_registry
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import MistralConfig, MistralForCausalLM

from lh_eval import evaluate
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.integrations import lm_eval_reading as reading
from lh_eval.integrations.lm_eval_model import LighthouseLM, register
from lh_eval.integrations.lm_eval_yaml import lm_eval_folder
from lh_eval.modeling.session import Session

GRID = {"lengths": [300, 400], "depths": [0, 100], "trials": 2}
# without dense layers the shipped checkpoint finds some needles and not others
LIGHTHOUSE = {"k": 16, "scorer": "random", "dense_layers": "none", "num_levels": 2, "pooling_factor": 16}


def make(**options):
    return LighthouseLM(**{"attention": "dense", "device": "cpu", "question_tokens": 16, **options})


@pytest.fixture(scope="module")
def dense():
    return make()


@pytest.fixture(scope="module")
def lighthouse():
    return LighthouseLM(device="cpu", question_tokens=16, batch_size=4, **LIGHTHOUSE)


def run(model, task, **options):
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=GRID)
    out = lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, log_samples=True, **options)
    samples = {
        (sample["doc"]["length"], sample["doc"]["depth"], sample["doc"]["trial"]): sample["acc"]
        for sample in out["samples"][task]
    }
    return out["results"][task], samples


def ours(model, task):
    setting = model.setting
    rows = evaluate(
        model.model, model.tokenizer, task=task, config=setting.config, dense_layers=setting.dense_layers, **GRID
    )
    return {(row.length, row.depth, row.trial): row.score for row in rows.itertuples()}


def test_dense_rates_agree_to_the_sample_with_ours_and_with_lm_evals_own_model(dense):
    results, samples = run(dense, "lh_passkey")
    assert samples == ours(dense, "passkey")
    plain = HFLM(pretrained=dense.model, tokenizer=dense.tokenizer, batch_size=4)
    assert run(plain, "lh_passkey")[1] == samples
    assert results["acc,none"] == sum(samples.values()) / 8


def test_lighthouse_rates_agree_to_the_sample(lighthouse):
    results, samples = run(lighthouse, "lh_keyed")
    assert samples == ours(lighthouse, "keyed")
    rate = results["acc,none"]
    assert 0 < rate < 1  # else agreement says little
    assert results["acc_stderr,none"] == pytest.approx((rate * (1 - rate) / 7) ** 0.5)
    assert (results["acc_at_300,none"] + results["acc_at_400,none"]) / 2 == pytest.approx(rate)
    assert -1 not in results.values()


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


def requests(pairs):
    return [Instance("loglikelihood", {}, pair, place) for place, pair in enumerate(pairs)]


TEXT = " It was the best of times, it was the worst of times, it was the age of wisdom"
PAIRS = [
    (TEXT, ", it was"),
    (TEXT, "."),
    (TEXT, "!"),
    (TEXT + " and more", " of it"),
    ("short", " one"),
    ("", "nothing before"),
    (TEXT, ", it"),
]


@torch.no_grad()
def plainly(model, context, continuation):
    """One forward over everything."""
    prompt = model.tok_encode(context) or [model.prefix_token_id]
    wanted = model.tok_encode(continuation)
    logits = model.model(torch.tensor([prompt + wanted[:-1]])).logits[0, -len(wanted) :].log_softmax(-1)
    total = logits.gather(1, torch.tensor(wanted)[:, None]).sum().item()
    return total, logits.argmax(-1).tolist() == wanted


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
    contexts, rows, forward, fill = [], [], dense.model.forward, Session.fill_cache

    def spy_fill(self, model, ids):
        contexts.append(ids.shape[1])
        return fill(self, model, ids)

    def spy(*args, **options):
        out = forward(*args, **options)
        rows.append(out.logits.shape[1])
        return out

    monkeypatch.setattr(Session, "fill_cache", spy_fill)
    monkeypatch.setattr(dense.model, "forward", spy)
    dense.loglikelihood(requests([(TEXT, ".x"), (TEXT, "!y"), (TEXT, "?")]), disable_tqdm=True)
    assert contexts == [len(TEXT) - 16]
    assert sorted(rows) == [1, 2, 2]


@pytest.mark.parametrize(("batch_size", "read"), [(1, 400 + 3 * 100), (2, 2 * 400 + 2 * 100), (4, 0)])
def test_contexts_that_begin_alike_are_read_on_from_where_they_part(batch_size, read, monkeypatch):
    """Tokens that fill a cache: none where all are read at once."""
    model, tokens, fill = make(batch_size=batch_size), [], Session.fill_cache

    def spy(self, model, ids, cache=None):
        tokens.append(ids.numel())
        return fill(self, model, ids, cache)

    monkeypatch.setattr(Session, "fill_cache", spy)
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
    monkeypatch.setattr(Session, "fill_cache", lambda *_: pytest.fail("a cache was filled"))
    pairs = [(TEXT, "."), (TEXT, "!"), (TEXT[::-1] + " and more", " of it")]
    found = dense.loglikelihood(requests(pairs), disable_tqdm=True)
    assert caches == [None, None]
    monkeypatch.undo()
    assert [total for total, _ in found] == pytest.approx([plainly(dense, *pair)[0] for pair in pairs], abs=1e-3)


def test_the_last_tokens_of_an_unknown_prompt_are_its_question(lighthouse, monkeypatch):
    lengths, fill = [], Session.fill_cache

    def spy(self, model, ids):
        lengths.append((ids.shape[1], self.config is not None))
        return fill(self, model, ids)

    monkeypatch.setattr(Session, "fill_cache", spy)
    lighthouse.loglikelihood(requests([(TEXT, "."), ("sixteen tokens..", "!")]), disable_tqdm=True)
    assert lengths == [(len(TEXT) - 16, True)]


def test_a_changed_prompt_of_ours_is_an_unknown_one(dense):
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=GRID)
    doc = manager.load("lh_passkey")["tasks"]["lh_passkey"].eval_docs[0]
    known = Instance("loglikelihood", doc, (doc["text"], "1"), 0)
    changed = Instance("loglikelihood", doc, ("Answer me: " + doc["text"], "1"), 0)
    assert dense._prompts.sample(known).prompt_sha256 == doc["prompt_sha256"]
    assert dense._prompts.sample(changed) is None


def test_lighthouse_changes_likelihoods(dense, lighthouse):
    long = [(TEXT * 5, ".")]
    plain, sparse = (model.loglikelihood(requests(long), disable_tqdm=True)[0][0] for model in (dense, lighthouse))
    assert plain != pytest.approx(sparse, abs=1e-4)


def test_rolling_likelihood_and_long_tails(dense, monkeypatch):
    monkeypatch.setattr(reading, "_ROWS", 7)
    text = TEXT[:40]
    (total,) = dense.loglikelihood_rolling([Instance("loglikelihood_rolling", {}, (text,), 0)], disable_tqdm=True)
    assert total == pytest.approx(plainly(dense, "", text)[0], rel=1e-4)


def generate(model, texts, **settings):
    settings = {"max_gen_toks": 4, **settings}
    return model.generate_until(
        [Instance("generate_until", {}, (text, dict(settings)), 0) for text in texts], disable_tqdm=True
    )


@pytest.mark.parametrize("batch_size", [1, 4])
def test_generation_is_transformers_own(batch_size):
    model = make(batch_size=batch_size)
    texts = [TEXT, TEXT + " and", "short", TEXT.upper(), TEXT]
    for text, said in zip(texts, generate(model, texts), strict=True):
        ids = torch.tensor([model.tok_encode(text)])
        out = model.model.generate(ids, max_new_tokens=4, do_sample=False)
        assert said == model.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


def test_generation_reads_its_context_once(dense, monkeypatch):
    tokens, forward = [], dense.model.forward
    monkeypatch.setattr(
        dense.model, "forward", lambda *a, **o: tokens.append(o["input_ids"].shape[1]) or forward(*a, **o)
    )
    generate(dense, [TEXT], max_gen_toks=3)
    assert tokens == [16, 1, 1]


def test_generation_stops_where_it_should(dense):
    (free,) = generate(dense, [TEXT])
    assert generate(dense, [TEXT], until=[free[2]]) == [free[: free.index(free[2])]]


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


def test_a_prompt_longer_than_the_model_is_refused():
    short = make(max_length=60)
    for call in (lambda: short.loglikelihood(requests(PAIRS[:1]), disable_tqdm=True), lambda: generate(short, [TEXT])):
        with pytest.raises(InputError, match=r"prompts must be of at most 60 tokens for lh-passkey.*max_length="):
            call()


def test_a_tokenizer_without_an_end_generates_nothing():
    model = make()
    model.tokenizer.eos_token = None
    with pytest.raises(InputError, match="tokenizer must have an end-of-text token where answers are generated"):
        generate(model, [TEXT])


def test_our_samples_say_how_much_is_generated(dense, monkeypatch):
    asked = []
    monkeypatch.setattr(dense, "_generate", lambda alike, settings, most, *rest: asked.append(most))
    sample = type("Sample", (), {"max_new_tokens": 3, "context_ids": [1], "question_ids": [2]})
    monkeypatch.setattr(dense._prompts, "sample", lambda request: sample)
    generate(dense, [TEXT])
    assert asked == [3]


def test_model_info(lighthouse, checkpoint):
    info = lighthouse.get_model_info()
    assert info["model_sha256"] == checkpoint.sha256
    assert info["attention"]["k"] == 16
    assert info["attention"]["dense_layers"] == []


def test_settings_are_the_checkpoints_unless_given(checkpoint):
    model = LighthouseLM(device="cuda:0" if not torch.cuda.is_available() else "cpu")
    assert model.setting.config == checkpoint.settings.config
    assert model.setting.dense_layers == checkpoint.settings.dense_layers
    assert LighthouseLM(device="cpu", dense_layers=0).setting.dense_layers == (0,)
    assert LighthouseLM(device="cpu", dense_layers="none").setting.dense_layers == ()
    assert LighthouseLM(device="cpu", dense_layers=[0, 1]).setting.dense_layers == (0, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scorrer": "norm"}, "model argument must be one of .* got 'scorrer'; did you mean 'scorer'"),
        ({"attention": "sparse"}, "attention must be one of dense, lighthouse"),
        ({"attention": "dense", "k": 64}, "attention must be lighthouse where its settings are given, got dense"),
        ({"k": 63}, "k must be even"),
        ({"dense_layers": "first"}, "dense_layers must be layer numbers such as 0/1/-2/-1"),
        ({"dense_layers": "9"}, "dense_layers must be from -4 to 3, got 9"),
        ({"question_tokens": 0}, "question_tokens must be a positive integer"),
        ({"pretrained": "./nowhere"}, "model must be a checkpoint folder"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InputError, match=message):
        LighthouseLM(**{"device": "cpu", **options})


def test_registering_twice_is_no_error():
    register()
    register()
    assert model_registry.get("lighthouse") is LighthouseLM


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
