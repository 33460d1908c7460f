"""Forced entries: gathered or not as asked, in the layers that were named, and nothing else changed."""

import dataclasses

import pytest
from asking import Trees, tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.rows import iterate_rows
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.methods.forced import Forced
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.modeling.session import Session
from lh_eval.runs.setting import Setting, side_by_side
from lh_eval.store.rows import to_frame

MODEL, TOKENIZER = tiny_llama(), byte_tokenizer()
BASE = Lighthouse(k=16, num_levels=3, dense_layers=(0,))
KEYS = [("trees", 300, depth, trial) for depth in (30.0, 60.0) for trial in range(2)]


@pytest.fixture
def rows(monkeypatch):
    def run(method, keys=KEYS):
        monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Trees(max_new_tokens=1))
        return to_frame(iterate_rows(MODEL, TOKENIZER, keys, method, reading="prompt")).drop(columns="seconds")

    return run


@pytest.mark.parametrize("question", ["natural", "in", "out"])
@pytest.mark.parametrize("needle", ["natural", "in", "out"])
def test_needle_and_question_are_gathered_as_asked(rows, needle, question):
    frame = rows(BASE.intervened(needle=needle, question=question))
    for column, levels, membership in (
        ("selection_recall", "needle_levels", needle),
        ("question_recall", "question_levels", question),
    ):
        if membership == "in":
            assert (frame[column] == 1).all()
        elif membership == "out":
            assert (frame[column] == 0).all()
            assert all(level == 0 for level, *_ in frame[levels])


def test_nothing_forced_is_the_method_itself(rows):
    assert rows(Forced(**BASE.options)).equals(rows(BASE))


def test_a_sham_leaves_needle_and_question_to_the_scorer(rows):
    frame, natural = rows(BASE.intervened(sham="in")), rows(BASE)
    assert frame["error"].isna().all()
    assert frame["selection_recall"].lt(1).any()
    assert not frame["margin"].equals(natural["margin"])


def test_only_named_layers_are_forced(rows):
    frame = rows(BASE.intervened(needle="out", layers=(1, -1)))
    held = [dict(dropped) for dropped in frame["dropped"]]
    assert all(dropped[layer] == (0, 1, 2, 3) for dropped in held for layer in (1, 3))
    layered = rows(BASE.intervened(needle="in", layers=(2,)))
    assert all(2 not in dict(dropped) for dropped in layered["dropped"])
    assert any(dropped for dropped in layered["dropped"])


def test_a_layer_that_is_dense_cannot_be_forced():
    assert BASE.intervened(needle="in", layers=(1, 2)).check(MODEL) is None
    assert BASE.intervened(needle="in", layers=(0,)).check(MODEL) == (
        "layers must be among those under Lighthouse, 1, 2, 3, got 0"
    )


def test_its_folder_and_config_say_what_is_forced():
    settings = [Setting(BASE), *(Setting(BASE.intervened(needle=way)) for way in ("in", "out"))]
    assert [setting.name for setting in settings] == [
        "norm-k16-dense_layers_0",
        "norm-k16-dense_layers_0-needle_in",
        "norm-k16-dense_layers_0-needle_out",
    ]
    from lh_eval.checkpoints.settings import CheckpointSettings

    named = side_by_side(settings, CheckpointSettings(config=BASE, dense_layers=(0,)))
    assert [setting.name for setting in named] == ["norm-k16", "norm-k16-needle_in", "norm-k16-needle_out"]
    attention = named[1].to_dict()["attention"]
    assert (attention["method"], attention["needle"], attention["layers"]) == ("forced", "in", [])
    assert METHODS.build(str(settings[1].method.spec)) == settings[1].method


def test_context_reading_and_other_methods_are_refused(monkeypatch):
    with pytest.raises(InputError, match="reading must be prompt under forced"):
        Setting("forced:needle=in", reading="context")
    with pytest.raises(InputError, match="entries can be forced, as lighthouse, got window"):
        METHODS.build("window").intervened(needle="in")


def test_prompts_without_room_for_a_sham_fail_by_themselves(rows):
    frame = rows(BASE.intervened(sham="out"), [("trees", 100, 50.0, 0)])
    assert "context must have room for a sham" in frame["error"][0]


def test_reading_without_saying_where_the_spans_are_is_refused():
    with BASE.intervened(needle="in").attach(MODEL) as reader:
        assert isinstance(reader, Session)
        import torch

        with pytest.raises(InputError, match="spans must be known of each row"):
            reader.prefill(torch.arange(64)[None])


def test_entries_that_are_rotated_after_selection_are_forced_alike(rows):
    base = dataclasses.replace(BASE, rope="after", scorer="pooled-qk")
    frame = rows(base.intervened(needle="in", question="out"))
    assert (frame["selection_recall"] == 1).all()
    assert (frame["question_recall"] == 0).all()
    assert rows(Forced(**base.options)).equals(rows(base))
