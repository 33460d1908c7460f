import dataclasses
import json
import re

import pytest

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.cli.app import main
from lh_eval.cli.listing import describe, task_fields
from lh_eval.registry import Registry
from lh_eval.scorers.base import SCORERS
from lh_eval.tasks.base import TASKS, get_task


def test_scorers_a_line_each(capsys):
    assert main(["scorers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].partition(":")[0] for line in lines] == SCORERS.names()
    assert "qk:dilation=4 " in "\n".join(lines)
    assert all(len(line.split()) > 3 for line in lines)


def test_a_listed_spec_can_be_used(capsys):
    for command, registry in (("scorers", SCORERS), ("tasks", TASKS)):
        assert main([command]) == 0
        specs = [
            re.split(" {2,}", line)[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")
        ]
        assert len(specs) == len(registry.names())
        for spec in specs:  # what must be given, as a task's name is in chat, stands as dots
            registry.build(spec.replace("of=...", "of=niah_single_2"))


def test_json(capsys):
    assert main(["tasks", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries.keys() == set(TASKS.names())
    assert entries["keyed"]["options"] == {"records": 8}
    assert entries["passkey"]["description"].startswith("One digit in alphanumeric filler")
    assert not entries["vt"]["uses_depth"]
    assert entries["passkey"]["uses_depth"]


def test_every_task_says_what_it_measures_and_where_it_is_from(capsys):
    assert main(["tasks", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert all(entry["measures"] and entry["source"] for entry in entries)
    assert main(["tasks"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    for entry in entries:
        assert f"measures: {entry['measures']}" in lines
        assert f"source: {entry['source']}" in lines


def test_fields_of_a_docstring():
    class Both:
        """First line.

        Measures: one thing,
            and another.
        Source: a paper, arXiv:1.

        Attributes:
            a: not of it.
        """

    assert task_fields(Both) == {
        "measures": "one thing, and another.",
        "source": "a paper, arXiv:1.",
        "uses_depth": True,
    }
    assert task_fields(int) == {"measures": None, "source": None, "uses_depth": True}


def test_show_prints_the_exact_prompt_with_its_needle_marked(capsys):
    arguments = ["passkey", "--length", "1k", "--depth", "30", "--trial", "2", "--seed", "7"]
    assert main(["tasks", "show", *arguments]) == 0
    prompt, _, about = capsys.readouterr().out.partition("\n" + "-" * 80 + "\n")
    tokenizer = byte_tokenizer()
    sample = get_task("passkey").sample(tokenizer, length=1024, depth=30, trial=2, seed=7)
    marked = f">>> The pass key is {sample.answer}. <<<"
    assert prompt.count(marked) == 1
    assert prompt.replace(">>>", "").replace("<<<", "") == tokenizer.decode(sample.prompt_ids)
    assert f"answer:   {sample.answer}\n" in about
    assert f"sha256 {sample.prompt_sha256}\n" in about
    assert "tokens:   1024: context 985, question 39\n" in about
    assert "judged:   the likeliest of 0, 1, 2" in about


def test_show_marks_every_needle(capsys):
    assert main(["tasks", "show", "niah_multivalue", "--length", "2k"]) == 0
    shown = capsys.readouterr().out
    assert len(re.findall(r">>> The secret number of [a-z-]+ is \d{7}\.<<<", shown)) == 4
    assert "judged:   all, of at most" in shown


def test_show_marks_where_no_needle_is(capsys):
    assert main(["tasks", "show", "no_needle", "--length", "1k"]) == 0
    assert capsys.readouterr().out.count(">>><<<") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["niah_singel_2"], "did you mean 'niah_single_2'?"),
        (["passkey", "--length", "4k,8k"], "length and depth must be one each, got 4k,8k and 50"),
        (["passkey", "--depth", "120"], "depth must be from 0 to 100, got 120"),
        (["niah_single_2", "--length", "10"], "length must be at least"),
        (["passkey", "--model", "no-such-model"], "model must be"),
        (["passkey", "--trial", "-1"], "--trial"),
    ],
)
def test_show_refuses_in_one_line(capsys, arguments, message):
    assert main(["tasks", "show", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_third_party_classes():
    registry = Registry("thing", folder="lh_eval.assets", group="lh_eval.no_such_group")

    @registry.register("bare")
    class Bare:
        pass

    @registry.register("full")
    @dataclasses.dataclass
    class Full:
        """First line.

        Second line.
        """

        must: int
        may: float = 0.5

    assert describe(registry) == [
        {"name": "bare", "options": {}, "description": ""},
        {"name": "full", "options": {"must": None, "may": 0.5}, "description": "First line."},
    ]
