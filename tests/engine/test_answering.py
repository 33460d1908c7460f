"""Answers: what transformers' own generation says, likely as a plain forward pass has it, and no token too many."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from asking import Trees, tiny_llama
from transformers import DynamicCache

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine import answering
from lh_eval.engine.answering import answer
from lh_eval.engine.asking import Asking
from lh_eval.errors import InputError
from lh_eval.methods.lighthouse import use_lighthouse
from lh_eval.modeling.session import Prefill
from lh_eval.tasks.base import Sample

TOKENIZER = byte_tokenizer()
LLAMA = tiny_llama()


def samples(count=3, **options):
    return [Trees(**options).sample(TOKENIZER, length=150, depth=50, trial=trial) for trial in range(count)]


def ask(batch, model=LLAMA, tokenizer=TOKENIZER):
    with torch.inference_mode(), use_lighthouse(model, None) as session:
        filled = session.prefill(torch.tensor([sample.context_ids for sample in batch]))
        before = [(layer.keys.clone(), layer.values.clone()) for layer in filled.cache.layers]
        with Asking(model, filled).branch() as asked:
            logits = asked.read([sample.question_ids for sample in batch])
            answers = answer(tokenizer, asked, batch, logits)
    for layer, (keys, values) in zip(filled.cache.layers, before, strict=True):
        assert layer.keys.equal(keys)
        assert layer.values.equal(values)
    return answers


def test_texts_are_those_of_transformers_generation():
    batch = samples(max_new_tokens=8)
    ids = torch.tensor([sample.prompt_ids for sample in batch])
    expected = LLAMA.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=256)[:, ids.shape[1] :]
    texts = [said.prediction for said in ask(batch)]
    assert texts == TOKENIZER.batch_decode(expected, skip_special_tokens=True)
    assert len(set(texts)) == 3


def test_rows_do_not_depend_on_their_neighbours():
    batch = samples(max_new_tokens=6)
    batch[1] = dataclasses.replace(batch[1], max_new_tokens=2)
    together = ask(batch)
    for alone, said in zip([ask([sample])[0] for sample in batch], together, strict=True):
        assert alone.prediction == said.prediction
        assert alone.answer_logprob == pytest.approx(said.answer_logprob, abs=2e-4)


def test_log_probabilities_are_those_of_a_forward_pass():
    batch = samples()
    for sample, said in zip(batch, ask(batch), strict=True):
        told = TOKENIZER.encode(f" {sample.answer}")
        with torch.inference_mode():
            logits = LLAMA(torch.tensor([sample.prompt_ids + told])).logits[0, len(sample.prompt_ids) - 1 : -1]
        likely = logits.log_softmax(-1)[range(len(told)), told]
        assert said.first_token_logprob == pytest.approx(likely[0].item(), abs=2e-4)
        assert said.answer_logprob == pytest.approx(likely.sum().item(), abs=1e-3)
        assert said.rank is None
        margins = [
            row[token] - torch.cat([row[:token], row[token + 1 :]]).max()
            for row, token in zip(logits, told, strict=True)
        ]
        assert said.margin == pytest.approx(min(margins).item(), abs=1e-3)


def test_the_margin_of_a_choice_is_its_logit_less_the_best_wrong_one():
    batch = samples(scoring="choice")
    for sample, said in zip(batch, ask(batch), strict=True):
        with torch.inference_mode():
            logits = LLAMA(torch.tensor([sample.prompt_ids])).logits[0, -1]
        right, wrong = logits[sample.choice_ids].tolist()
        assert said.margin == pytest.approx(right - wrong, abs=1e-3)
        assert (said.margin > 0) == (said.rank == 1)


def test_a_text_that_greedy_decoding_says_has_a_margin_above_0():
    (sample,) = samples(1)
    ids = torch.tensor([sample.prompt_ids])
    said = LLAMA.generate(ids, max_new_tokens=3, do_sample=False, pad_token_id=256)[0, ids.shape[1] :].tolist()
    asked = SimpleNamespace(model=LLAMA)
    with torch.inference_mode():
        logits = LLAMA(torch.cat([ids, torch.tensor([said])], dim=1)).logits[0, ids.shape[1] - 1 : -1]
    assert (answering._margins(logits, torch.tensor(said)) > 0).all()
    assert answering._rest(asked, [said[:1]]).margins.tolist() == [torch.inf]


def test_a_choice_has_its_rank_and_generates_nothing():
    for sample, said in zip(samples(scoring="choice"), ask(samples(scoring="choice")), strict=True):
        with torch.inference_mode():
            likely = LLAMA(torch.tensor([sample.prompt_ids])).logits[0, -1].log_softmax(-1)
        right, wrong = likely[97].item(), likely[55].item()
        assert (said.prediction, said.rank) == ((sample.choices[0], 1) if right > wrong else ("7", 2))
        assert said.first_token_logprob == said.answer_logprob == pytest.approx(right, abs=2e-4)


def test_only_the_scored_rows_get_logits(monkeypatch):
    forward, kept = LLAMA.lm_head.forward, []
    monkeypatch.setattr(LLAMA.lm_head, "forward", lambda hidden: kept.append(hidden.shape[1]) or forward(hidden))
    ask(samples(max_new_tokens=3))
    longest = max(len(f" {sample.answer}") for sample in samples())
    assert kept == [1, longest - 1, 1, 1]


def test_what_is_known_to_be_generated_goes_through_the_model_at_once(monkeypatch):
    batch = samples(max_new_tokens=12)
    ids = torch.tensor([sample.prompt_ids for sample in batch])
    said = LLAMA.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=256)[:, ids.shape[1] :]
    # right answers that begin as what the model says, one of them to its end
    right = {id(sample): ids[:n] for sample, ids, n in zip(batch, said.tolist(), [8, 5, 6], strict=True)}
    right[id(batch[1])][4] ^= 1
    monkeypatch.setattr(answering, "_right_ids", lambda _, sample: right[id(sample)])
    fed, forward = [], LLAMA.forward
    monkeypatch.setattr(
        LLAMA,
        "forward",
        lambda *a, input_ids, **o: fed.append(input_ids.shape[1]) or forward(*a, input_ids=input_ids, **o),
    )
    assert [one.prediction for one in ask(batch)] == TOKENIZER.batch_decode(said, skip_special_tokens=True)
    assert fed[-8:] == [7, 5, *[1] * 6]  # the rest of the answers, what all rows have of theirs, and a token at a time


class Scripted:
    """A model that says a text, whatever it is asked; its cache counts tokens and holds nothing."""

    device = torch.device("cpu")
    generation_config = None

    def __init__(self, *texts):
        self.texts = [TOKENIZER.encode(text) for text in texts]
        self.said = 0

    def forward(self, past_key_values, logits_to_keep=0):
        """What it takes."""

    def __call__(self, input_ids, past_key_values, use_cache, logits_to_keep=0):
        rows, n = input_ids.shape
        past_key_values.update(torch.zeros(rows, 1, n, 1), torch.zeros(rows, 1, n, 1), 0)
        logits = torch.zeros(rows, n, 257)
        if logits_to_keep:
            for row, text in enumerate(self.texts):
                logits[row, -1, text[self.said]] = 1.0
            self.said += 1
        return SimpleNamespace(logits=logits)


def scripted(*texts, tokenizer=TOKENIZER, **options):
    values = {"question_ids": [65], "answer": "12", "scoring": "any", "max_new_tokens": 20} | options
    sample = Sample(context_ids=[65], needle_start=0, needle_end=1, depth=0, **values)
    model, cache = Scripted(*texts), DynamicCache()
    cache.update(torch.zeros(len(texts), 1, 1, 1), torch.zeros(len(texts), 1, 1, 1), 0)
    asked = Asking(model, Prefill(cache, 1))
    said = answer(tokenizer, asked, [sample] * len(texts), asked.read([sample.question_ids] * len(texts)))
    return [one.prediction for one in said], model.said


@pytest.mark.parametrize(
    ("text", "options", "prediction"),
    [
        ("12 and so on, and so on", {}, "12 "),
        ("no, but 12 of them", {}, "no, but 12 "),
        ("13 is wrong and so on, on", {}, "13 is wrong and so on"[:20]),
        ("12 34 56 and so on", {"answers": ("34", "12"), "scoring": "all"}, "12 34 "),
        ("\n12\nand so on", {"scoring": "exact"}, "\n12\n"),
        ("a 9 and so on", {"scoring": "number"}, "a 9 "),
        ("12<|endoftext|>34", {}, "12"),
    ],
)
def test_generation_stops_where_the_score_cannot_change(text, options, prediction):
    predictions, steps = scripted(text, **options)
    assert predictions == [prediction]
    assert steps == len(prediction) + ("<" in text)


def test_each_row_stops_for_itself():
    predictions, steps = scripted("12 ab cd ef", "ab cd 12 ef")
    assert predictions == ["12 ", "ab cd 12 "]
    assert steps == len("ab cd 12 ")


def test_without_an_end_token_generation_runs_to_its_limit():
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    assert scripted("ab<|endoftext|>cdef", tokenizer=tokenizer, max_new_tokens=5)[0] == ["abcd"]


@pytest.mark.parametrize("named", [256, [10, 256]])
def test_the_models_own_end_tokens_end_it_too(monkeypatch, named):
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    monkeypatch.setattr(Scripted, "generation_config", SimpleNamespace(eos_token_id=named))
    assert scripted("ab<|endoftext|>cd", tokenizer=tokenizer)[0] == ["ab"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be positive where answers are generated, got 0"),
        ({"scoring": "choice", "choices": ["1"], "choice_ids": [49]}, "choices must have the right answer among them"),
    ],
)
def test_what_cannot_be_answered_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        scripted("12", **options)
