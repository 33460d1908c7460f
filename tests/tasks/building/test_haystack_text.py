import dataclasses
import time

import numpy as np
import pytest

from lh_eval.corpora.texts import load_text
from lh_eval.errors import InputError
from lh_eval.tasks.building.haystack_text import data_hashes, haystack_sha256, prose, with_haystack


def test_exact_size_of_running_text(tokenizer):
    text = " ".join(load_text("moby_dick").whole.split())
    for seed, n in enumerate((0, 1, 17, 1000, 5000)):
        filler = prose(tokenizer, n, np.random.default_rng(seed))
        assert filler.ids.shape == (n,)
        assert filler.boundaries[-1] == n
        assert " ".join(tokenizer.decode(filler.ids).split())[:400] in text


def test_boundaries_lie_where_a_sentence_begins(tokenizers):
    filler = prose(tokenizers["byte"], 20_000, np.random.default_rng(5))
    text = bytes(filler.ids.tolist())
    assert len(filler.boundaries) > 100
    for position in filler.boundaries[1:-1]:
        assert text[position:].startswith((b"\n\n", b" "))


def test_a_function_of_source_and_generator(tokenizers):
    def make(seed, source="moby_dick"):
        return prose(tokenizers["bpe"], 500, np.random.default_rng(seed), source=source).ids.tolist()

    first = make(1)
    assert make(2) != first
    assert make(1, "state_of_the_union") != first
    assert make(1) == first


def test_excerpts_go_on_from_the_beginning(tmp_path, tokenizers):
    book = " ".join(f"Sentence {i} is here." for i in range(100))
    (tmp_path / "book.txt").write_text(book, encoding="utf-8")
    size = len(book) + 2
    filler = prose(tokenizers["byte"], 3 * size, np.random.default_rng(0), source=str(tmp_path / "book.txt"))
    text = tokenizers["byte"].decode(filler.ids)
    assert text == text[:size] * 3
    assert "Sentence 99 is here.\n\nSentence 0 is here." in text
    assert len(filler.boundaries) == 301


def test_long_excerpts_take_milliseconds(tokenizers):
    prose(tokenizers["bpe"], 1, np.random.default_rng(0))
    start = time.perf_counter()
    for seed in range(50):
        prose(tokenizers["bpe"], 131_072, np.random.default_rng(seed))
    assert time.perf_counter() - start < 1  # about 0.03 on an idle core


def test_no_such_source(tokenizers):
    with pytest.raises(InputError, match="haystack must be one of"):
        prose(tokenizers["byte"], 10, np.random.default_rng(0), source="nothing")


def test_hashes_that_a_run_records():
    @dataclasses.dataclass
    class Task:
        haystack: str

    @dataclasses.dataclass
    class Rows:
        data_sha256: str = "abc"

    novel = haystack_sha256("moby_dick")
    assert data_hashes(Task("noise")) == {}
    assert data_hashes(Task("prose")) == data_hashes(Task("moby_dick")) == {"haystack_sha256": novel}
    assert data_hashes(Task("state_of_the_union"))["haystack_sha256"] != novel
    assert data_hashes(Rows()) == {"data_sha256": "abc"}


@pytest.mark.parametrize("text", ["word " * 500, "今天天气很好我们去公园散步。" * 100])
def test_a_text_without_sentences_is_refused(text, tokenizer, tmp_path):
    (tmp_path / "own.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="haystack must have sentences to put needles between, got a single one in"):
        prose(tokenizer, 100, np.random.default_rng(0), source=str(tmp_path / "own.txt"))


def test_the_haystack_of_all_tasks_that_take_one():
    specs = ["niah_single_2", "vt:hops=2,haystack=words,chains=3", "passkey", "keyed:records=2"]
    assert with_haystack(specs, "own.txt#body") == [
        "niah_single_2:haystack=own.txt#body",
        "vt:hops=2,chains=3,haystack=own.txt#body",
        "passkey",
        "keyed:records=2",
    ]


@pytest.mark.parametrize(
    ("specs", "source", "message"),
    [
        (["passkey", "kv"], "own.txt", "haystack must be for a task with that option, got passkey, kv; lh-eval tasks"),
        (["vt"], "", "haystack must be a text's name, file or data set, without a comma, got ''"),
        (["vt"], "a,b.txt", "without a comma, got 'a,b.txt'"),
        (["vtt"], "own.txt", "did you mean 'vt'"),
    ],
)
def test_a_haystack_for_no_task_is_refused(specs, source, message):
    with pytest.raises(InputError, match=message):
        with_haystack(specs, source)
