import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.tasks.building.depth import deviation
from lh_eval.tasks.building.inserted import Entry, InsertedTask
from lh_eval.tasks.building.placing import leading_special_ids

same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@dataclasses.dataclass(frozen=True)
class Notes(InsertedTask):
    """Row i is a note of i sentences."""

    def characters(self):
        return [len(self.entry(row).text) for row in range(12)]

    def entry(self, row):
        return Entry(f" Note {row}." + " It goes on." * row, f"\n\nWhich note? {row}", (f"note {row}",))


@same_tokenizer
@given(
    length=st.integers(1000, 3000),
    depth=st.floats(5, 80) | st.sampled_from([0.0, 100.0]),
    trial=st.integers(0, 11),
    seed=st.integers(0, 9),
)
def test_exact_length_and_needle(tokenizer, length, depth, trial, seed):
    sample = Notes().sample(tokenizer, length=length, depth=depth, trial=trial, seed=seed)
    assert len(sample.prompt_ids) == length
    row = int(sample.answer.split()[1])
    assert tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end]) == Notes().entry(row).text
    assert tokenizer.decode(sample.question_ids) == f"\n\nWhich note? {row}"
    head = leading_special_ids(tokenizer)
    assert sample.context_ids[: len(head)] == head
    assert sample.depth == 100 * sample.needle_start / len(sample.context_ids)
    assert deviation(sample, depth) <= 2


def test_rows_come_once_each_in_an_order_of_the_cell(tokenizers):
    def rows(**cell):
        task, tokenizer = Notes(), tokenizers["byte"]
        return [task.sample(tokenizer, trial=trial, **cell).answer for trial in range(12)]

    first = rows(length=900, depth=0)
    assert len(set(first)) == 12
    assert first == rows(length=900, depth=0)
    assert first != rows(length=900, depth=50)
    assert first != rows(length=900, depth=0, seed=1)


def test_what_does_not_fit_is_passed_over_and_never_cut(tokenizers):
    answers = {Notes().sample(tokenizers["byte"], length=100, depth=0, trial=trial).answer for trial in range(7)}
    assert answers == {f"note {row}" for row in range(7)}  # 8 bytes, 12 a sentence, 15 the question
    with pytest.raises(
        InputError, match="length must be such that 8 rows fit whole at depth 0, got 100, which holds 7 of 12"
    ):
        Notes().sample(tokenizers["byte"], length=100, depth=0, trial=7)


def test_what_cannot_start_at_the_depth_is_passed_over(tokenizers):
    # at 75 % of 285 bytes of context, 2 points more: 8 bytes and 12 a sentence in 77
    answers = {Notes().sample(tokenizers["byte"], length=300, depth=75, trial=trial).answer for trial in range(6)}
    assert answers == {f"note {row}" for row in range(6)}
    with pytest.raises(InputError, match="7 rows fit whole at depth 75, got 300, which holds 6 of 12"):
        Notes().sample(tokenizers["byte"], length=300, depth=75, trial=6)


def test_closed_book_asks_the_same_alone(tokenizer):
    for trial in range(5):
        opened = Notes().sample(tokenizer, length=500, depth=30, trial=trial)
        closed = Notes(closed_book=1).sample(tokenizer, length=500, depth=30, trial=trial)
        assert closed.answers == opened.answers
        assert closed.prompt_ids == leading_special_ids(tokenizer) + opened.question_ids
        assert closed.needle_start == closed.needle_end
        assert closed.context_ids


def test_choices(tokenizers):
    @dataclasses.dataclass(frozen=True)
    class Choice(Notes):
        def entry(self, row):
            return Entry(" A is right.", "\n\nRight is", ("A",), "choice", ("A", "B"))

    sample = Choice().sample(tokenizers["byte"], length=200, depth=50, trial=0)
    assert (sample.choices, sample.choice_ids, sample.max_new_tokens) == (["A", "B"], [65, 66], 0)
    assert (sample.answer, sample.scoring) == ("A", "choice")


def test_closed_book_is_a_switch():
    with pytest.raises(InputError, match="closed_book must be 0 or 1, got 3"):
        Notes(closed_book=3)
