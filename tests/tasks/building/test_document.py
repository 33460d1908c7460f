import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.tasks.building.depth import deviation
from lh_eval.tasks.building.document import Document, DocumentTask, Group, Item, gather_items
from lh_eval.tasks.building.placing import leading_special_ids

UNITS = [f" Fact {i} is {'so ' * (i % 4)}value{i}." for i in range(40)]
ITEMS = [Item((i,), f"\n\nWhat is fact {i}?" + "?" * (i % 5), (f"value{i}",)) for i in range(0, 40, 2)]
GROUPS = gather_items(ITEMS, UNITS, 2, 200)
DOCUMENT = Document(UNITS, GROUPS)
same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@dataclasses.dataclass(frozen=True)
class Facts(DocumentTask):
    questions: int = 2

    def document(self):
        return DOCUMENT


@same_tokenizer
@given(length=st.integers(150, 3000), depth=st.floats(0, 100), trial=st.integers(0, 19), seed=st.integers(0, 9))
def test_exact_length_needle_and_depth(tokenizer, length, depth, trial, seed):
    sample = Facts().sample(tokenizer, length=length, depth=depth, trial=trial, seed=seed)
    assert len(sample.prompt_ids) == length
    needle = tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end])
    number = int(needle.split()[1])
    assert needle == UNITS[number]
    assert sample.answer == f"value{number}"
    assert tokenizer.decode(sample.question_ids).endswith(f"What is fact {number}?" + "?" * (number % 5))
    assert sample.needle_end <= len(sample.context_ids)
    assert sample.context_ids[: len(leading_special_ids(tokenizer))] == leading_special_ids(tokenizer)
    # the needle is there once, however often the rest goes round
    assert tokenizer.decode(sample.prompt_ids).count(needle) == 1
    assert sample.depth == 100 * sample.needle_start / len(sample.context_ids)
    if 5 < depth < 80 or depth in (0, 100):  # beyond them the last sentence may not fit behind it
        assert deviation(sample, depth) <= 2


@pytest.mark.parametrize("depth", [0, 40, 100])
def test_questions_of_a_group_share_their_context(tokenizer, depth):
    samples = [Facts().sample(tokenizer, length=6000, depth=depth, trial=trial) for trial in range(20)]
    for one, other in zip(samples[::2], samples[1::2], strict=True):
        assert one.context_ids == other.context_ids
        assert one.answer != other.answer
    assert len({tuple(sample.context_ids) for sample in samples}) == 10
    assert len({sample.answer for sample in samples}) == 20


def test_in_a_short_context_each_question_has_one_of_its_own(tokenizer):
    # the other fact of the group, 30 to 60 characters away, would be beyond 2 points of the context
    samples = [Facts().sample(tokenizer, length=600, depth=40, trial=trial) for trial in range(20)]
    assert len({tuple(sample.context_ids) for sample in samples}) > 10
    assert all(deviation(sample, 40) <= 2 for sample in samples)
    assert len({sample.answer for sample in samples}) == 20


def test_at_the_ends_the_group_is_first_or_last(tokenizer):
    head = leading_special_ids(tokenizer)
    first = Facts().sample(tokenizer, length=600, depth=0, trial=0)
    last = Facts().sample(tokenizer, length=600, depth=100, trial=1)
    assert first.needle_start == len(head)
    assert last.needle_end == len(last.context_ids)


def test_closed_book_asks_the_same_without_the_text(tokenizer):
    for trial in range(4):
        opened = Facts().sample(tokenizer, length=600, depth=30, trial=trial)
        closed = Facts(closed_book=1).sample(tokenizer, length=600, depth=30, trial=trial)
        assert closed.answers == opened.answers
        asked = closed.prompt_ids[len(leading_special_ids(tokenizer)) :]
        assert opened.prompt_ids[-len(asked) :] == asked
        assert tokenizer.decode(asked).startswith("\n\nWhat is fact")
        assert closed.context_ids
        assert closed.needle_start == closed.needle_end


def test_parts_of_an_answer(tokenizers):
    item = Item((1, 3), "\n\nBoth?", ("one", "two"), "all")

    @dataclasses.dataclass(frozen=True)
    class Both(DocumentTask):
        questions: int = 1

        def document(self):
            return Document(UNITS, [Group(0, 4, (item,))])

    sample = Both().sample(tokenizers["byte"], length=600, depth=30, trial=0)
    assert (sample.answer, sample.answers, sample.scoring) == ("one, two", ("one", "two"), "all")
    found = [tokenizers["byte"].decode(sample.prompt_ids[start:end]) for start, end in sample.spans]
    assert found == [UNITS[1], UNITS[3]]
    assert (sample.needle_start, sample.needle_end) == sample.spans[0]
    assert sample.max_new_tokens == len(" one, two") + 12


def test_groups_are_neighbours_of_limited_size():
    units = ["x" * 10] * 9 + ["x" * 100] + ["x" * 10] * 5
    items = [Item((i,), "?", ("a",)) for i in (0, 2, 4, 8, 10, 11)]
    groups = gather_items(items, units, 2, 40)
    assert [(group.first, group.last) for group in groups] == [(0, 2), (10, 11)]


def test_too_short_is_refused_for_every_trial_alike(tokenizers):
    said = set()
    for trial in range(20):
        with pytest.raises(InputError, match=r"length must be at least \d+ tokens to hold .* got 50") as error:
            Facts().sample(tokenizers["byte"], length=50, depth=0, trial=trial)
        said.add(str(error.value))
    assert len(said) == 1
    least = int(said.pop().split()[5])
    for trial in range(20):
        assert len(Facts().sample(tokenizers["byte"], length=least, depth=0, trial=trial).prompt_ids) == least


def test_no_more_questions_than_there_are(tokenizers):
    with pytest.raises(
        InputError, match="trial must be below 20, as many questions as Facts has, got 20; take at most 20"
    ):
        Facts().sample(tokenizers["byte"], length=600, depth=0, trial=20)


@pytest.mark.parametrize(("options", "said"), [({"questions": 0}, "questions"), ({"closed_book": 2}, "closed_book")])
def test_bad_options(options, said):
    with pytest.raises(InputError, match=f"{said} must be"):
        Facts(**options)
