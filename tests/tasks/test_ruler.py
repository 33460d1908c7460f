"""RULER's files as upstream's generator and lm-eval's write them."""

import json

import datasets
import pytest

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.guards import check_sample
from lh_eval.errors import InputError, InvalidSampleError
from lh_eval.tasks.base import get_task

TOKENIZER = byte_tokenizer()
INPUT = "Read this.\nThe key of {n} is 12{n}.\nGrass is green.\nWhat is the key of {n}?"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def write(tmp_path):
    def write(name, **columns):
        rows = [{"index": n, "input": INPUT.format(n=n), "outputs": [f"12{n}"], **columns} for n in range(3)]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def make(spec, **changes):
    return get_task(spec).sample(TOKENIZER, **{"length": 300, "depth": 50, "trial": 1, **changes})


@pytest.mark.parametrize(
    ("name", "columns", "end"),
    [
        ("niah_single_1/validation.jsonl", {"answer_prefix": " The key is"}, "? The key is"),
        ("niah_single_1/validation.jsonl", {"gen_prefix": "The key is"}, "? The key is"),
        ("ruler_cwe.jsonl", {"gen_prefix": "The key is"}, "?\n\nThe key is"),
        ("variable_tracking.jsonl", {}, "?"),  # of before there were prefixes apart
    ],
)
def test_the_prefix_stands_where_each_puts_it(write, name, columns, end):
    sample = make(f"ruler:files={write(name, **columns)}")
    assert TOKENIZER.decode(sample.prompt_ids) == INPUT.format(n=1) + end.removeprefix("?")
    assert TOKENIZER.decode(sample.question_ids) == "\nWhat is the key of 1" + end
    assert TOKENIZER.decode(sample.prompt_ids[sample.needle_start : sample.needle_end]) == "121"
    check_sample(TOKENIZER, sample, length=300, depth=50, tolerance=2)


@pytest.mark.parametrize(
    ("task", "columns", "tokens", "scoring"),
    [
        ("niah_multikey_2", {}, 128, "substring"),
        ("vt", {}, 30, "substring"),
        ("qa_1", {}, 32, "substring:need=one"),
        ("ruler_qa_squad", {"gen_prefix": "Answer:"}, 32, "substring"),
    ],
)
def test_budget_and_comparison_are_the_tasks(write, task, columns, tokens, scoring):
    sample = make(f"ruler:files={write('rows.jsonl', **columns)},task={task}")
    assert (sample.max_new_tokens, sample.reserved, sample.scoring) == (tokens, tokens, scoring)


def test_rows_that_do_not_fit_or_are_of_another_length_are_passed_over(write):
    file = write("vt.jsonl", answer_prefix="")
    with pytest.raises(InputError, match="3 rows fit with 30 tokens for the answer, got 90, which holds 0 of 3"):
        make(f"ruler:files={file}", length=90, trial=2)
    file = write("fwe.jsonl", max_length=400)
    with pytest.raises(InputError, match="got 300, which holds 0 of 3"):
        make(f"ruler:files={file}")
    sample = make(f"ruler:files={file}", length=400)
    with pytest.raises(InvalidSampleError, match="prompt must have at most 50 tokens beside the 50 of the answer, got"):
        check_sample(TOKENIZER, sample, length=100, depth=50, tolerance=2)


def test_wrong_files(write):
    with pytest.raises(InputError, match="ruler must have its option files, got none"):
        make("ruler")
    with pytest.raises(InputError, match=r"task must be one of RULER's, niah, vt, cwe, fwe, qa, got .*,task=vt"):
        make(f"ruler:files={write('rows.jsonl')}")
    with pytest.raises(InputError, match="input must end with a line that asks, got 'one line'"):
        make(f"ruler:files={write('vt.jsonl', input='one line')}")
