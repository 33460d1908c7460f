import json

import pytest

from lh_eval.cli.app import main
from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.needle import own_needle

OWN = {"needle": "Nadia's cat, the old one, is called Tofu.", "question": "The cat is called", "answer": "Tofu"}


def test_the_texts_are_the_users(tokenizer):
    spec = own_needle(None, **OWN)
    sample = get_task(spec).sample(tokenizer, length=1500, depth=50, trial=0)
    needle = tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end])
    assert needle == f" {OWN['needle']}"
    assert tokenizer.decode(sample.question_ids) == f"\n{OWN['question']}"
    assert (sample.answers, sample.stands, len(sample.prompt_ids)) == (("Tofu",), (1,), 1500)
    other = get_task(spec).sample(tokenizer, length=1500, depth=50, trial=1)
    assert other.context_ids != sample.context_ids


def test_without_texts_the_task_stays():
    assert own_needle("passkey", needle=None, question=None, answer=None) == "passkey"


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        (None, {"answer": None}, "given together, got no --answer"),
        ("passkey", {}, "task must be left out with a needle of your own, got 'passkey'"),
    ],
)
def test_texts_that_do_not_go_together(task, changes, message):
    with pytest.raises(InputError, match=message):
        own_needle(task, **{**OWN, **changes})


def test_an_answer_that_is_not_in_the_needle():
    with pytest.raises(InputError, match="answer must stand in the needle as whole words, got 'Tof'"):
        get_task("needle:needle=[It is Tofu.],question=[It is],answer=Tof")
    with pytest.raises(InputError, match="question must be a text, got an empty one"):
        get_task("needle:question=[ ]")


@pytest.mark.long
def test_from_the_command_line(tmp_path, capsys):
    texts = [part for name, text in OWN.items() for part in (f"--{name}", text)]
    grid = ["--lengths", "384", "--depths", "50", "--trials", "1", "--attention", "dense", "--device", "cpu"]
    assert main(["niah", *texts, *grid, "--haystack", "state_of_the_union", "--out", str(tmp_path / "a")]) == 0
    row = json.loads((tmp_path / "a" / "samples.jsonl").read_text())
    assert row["answer"] == "Tofu"
    assert "needle=[Nadia's cat, the old one, is called Tofu.]" in row["task"]
    assert "haystack=state_of_the_union" in row["task"]
    again = ["niah", "--config", str(tmp_path / "a" / "run.toml"), "--out", str(tmp_path / "b")]
    assert main(again) == 0
    assert json.loads((tmp_path / "b" / "samples.jsonl").read_text())["prompt_sha256"] == row["prompt_sha256"]
    assert main(["niah", "--task", "kv", *texts, *grid, "--out", str(tmp_path / "c")]) == 2
    assert "task must be left out with a needle of your own" in capsys.readouterr().err
