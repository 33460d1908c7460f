"""Generated texts in lm-eval: greedy, as transformers' own, and ended where they should be."""

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval_runs import TEXT, generate, make

from lh_eval.errors import InputError
from lh_eval.integrations.lm_eval_tasks import documents


@pytest.fixture(scope="module")
def dense():
    return make()


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


def test_a_tokenizer_without_an_end_generates_nothing():
    model = make()
    model.tokenizer.eos_token = None
    with pytest.raises(InputError, match="tokenizer must have an end-of-text token where answers are generated"):
        generate(model, [TEXT])


@pytest.mark.parametrize(
    ("settings", "most"),
    [({"max_gen_toks": 99}, 20), ({"max_gen_toks": 2}, 2), ({"max_gen_toks": 9, "until": ["@"]}, 9)],
)
def test_our_samples_say_how_much_is_generated(settings, most, dense, monkeypatch):
    grid = {"lengths": 300, "depths": 0, "trials": 1}
    (doc,) = documents(lh_task="niah_single_1", tokenizer=dense.tokenizer, **grid)["test"]
    assert doc["max_new_tokens"] > 9
    text = doc["text"] + doc["gap"] + doc["gen_prefix"]
    (said,) = dense.generate_until([Instance("generate_until", doc, (text, settings), 0)], disable_tqdm=True)
    (plain,) = generate(dense, [text], max_gen_toks=most)
    assert plain.startswith(said.rstrip("@"))
    assert said if "until" in settings else len(said) <= most


def test_a_row_that_is_done_waits_for_the_others():
    model = make(batch_size=4)
    texts = [TEXT, TEXT.upper(), TEXT[::-1]]
    free = generate(model, texts, max_gen_toks=6)
    stop = free[0][1]
    assert generate(model, texts, max_gen_toks=6, until=[stop]) == [text.split(stop)[0] for text in free]


def test_a_text_ends_with_the_end_token_and_is_read_no_further(dense, monkeypatch):
    free = generate(dense, [TEXT])[0]
    calls, forward = [], dense.model.forward
    monkeypatch.setattr(dense.model, "forward", lambda *a, **o: calls.append(1) or forward(*a, **o))
    monkeypatch.setattr(dense.model.generation_config, "eos_token_id", [256, ord(free[1])])
    assert generate(dense, [TEXT]) == [free[0]]
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"do_sample": True}, "do_sample must be false, .* got sampling"),
        ({"temperature": 0.7}, "do_sample must be false"),
        ({"num_beams": 4}, "num_beams must be 1, as answers are decoded greedily, got 4"),
        ({"penalty": 4}, "generation settings must be among until, max_gen_toks, .* got 'penalty'"),
    ],
)
def test_what_is_not_greedy_is_refused(settings, message, dense):
    with pytest.raises(InputError, match=message):
        generate(dense, [TEXT], **settings)


def test_what_does_not_matter_to_greedy_decoding_is_ignored(dense):
    idle = {"do_sample": False, "temperature": 0.7, "top_p": 0.9, "top_k": 3, "num_beams": 1}
    assert generate(dense, [TEXT], **idle) == generate(dense, [TEXT])


def test_nothing_before_a_text_is_a_beginning(dense):
    assert len(generate(dense, [""])[0]) == 4
