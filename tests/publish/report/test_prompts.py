import pytest

from lh_eval.publish.report.prompts import Prompts

CONFIG = {"model": {"name": "lh-passkey"}}


@pytest.fixture
def row(sweep):
    return sweep[1][0].frame.to_dict(orient="records")[-1]


def test_a_prompt_is_made_again_with_its_needle_marked(row):
    prompt = Prompts().of_row(CONFIG, row)
    assert prompt.note is None
    assert [text for text, needle in prompt.pieces if needle] == [f" The pass key is {row['answer']}. "]
    assert max(len(text) for text, _ in prompt.pieces) < 300
    assert prompt.question == "What is the pass key? The pass key is"


@pytest.mark.parametrize(
    ("changes", "config", "note"),
    [
        ({"prompt_sha256": "0" * 64}, CONFIG, "has another hash than the one that was run"),
        ({"trial": 7}, CONFIG, "has another hash than the one that was run"),
        ({"task": "passkye"}, CONFIG, "cannot be made again: task must be"),
        ({"prompt_sha256": None}, CONFIG, "could not be made when it was run"),
        ({}, {"model": {"name": "org/model"}}, "the tokenizer of 'org/model' is not here; name its folder"),
        ({}, {}, "the tokenizer of '' is not here"),
    ],
)
def test_a_prompt_that_cannot_be_shown_has_a_note(row, changes, config, note):
    prompt = Prompts().of_row(config, row | changes)
    assert not prompt.pieces
    assert note in prompt.note


def test_the_tokenizer_of_another_folder(row):
    assert Prompts(model="lh-passkey").of_row({"model": {"name": "org/model"}}, row).note is None


def test_no_prompts_wanted(row):
    assert Prompts(wanted=False).of_row(CONFIG, row).note == "Prompts were left out of this report."
