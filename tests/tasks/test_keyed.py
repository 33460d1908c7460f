import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

RECORD = re.compile(r" The pass key for ([a-z]{4}) is (\d)\. ")
same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@same_tokenizer
@given(
    records=st.integers(1, 12),
    length=st.integers(900, 3000),
    depth=st.floats(0, 100),
    trial=st.integers(0, 50),
)
def test_records_and_the_asked_one(tokenizer, records, length, depth, trial):
    sample = get_task(f"keyed:records={records}").sample(tokenizer, length=length, depth=depth, trial=trial)
    assert len(sample.prompt_ids) == length

    found = RECORD.findall(tokenizer.decode(sample.context_ids))
    assert len(found) == len(dict(found)) == records  # whole, none inside another, all keys distinct
    question = tokenizer.decode(sample.question_ids).rstrip()
    key = re.fullmatch(r" What is the pass key for (\w{4})\? The pass key for \1 is", question)[1]
    assert dict(found)[key] == sample.answer
    needle = sample.prompt_ids[sample.needle_start : sample.needle_end]
    assert tokenizer.decode(needle) == f" The pass key for {key} is {sample.answer}. "


def test_the_asked_record_is_first_or_last_at_the_ends(tokenizer):
    for trial in range(20):
        first = get_task("keyed").sample(tokenizer, length=600, depth=0, trial=trial)
        last = get_task("keyed").sample(tokenizer, length=600, depth=100, trial=trial)
        assert first.needle_start <= 1  # 1 behind the bos token
        assert last.needle_end == len(last.context_ids)


def test_no_other_record_has_the_asked_digit(tokenizers):
    seen = set()
    for trial in range(30):
        text = tokenizers["byte"].decode(
            (sample := get_task("keyed").sample(tokenizers["byte"], length=1000, depth=50, trial=trial)).context_ids
        )
        digits = [digit for _, digit in RECORD.findall(text)]
        assert digits.count(sample.answer) == 1
        seen.add(frozenset(set(digits) - {sample.answer}))
    assert frozenset.union(*seen) == set("0123456789")
    old = get_task("keyed:version=1")
    text = [
        tokenizers["byte"].decode(old.sample(tokenizers["byte"], length=1000, depth=50, trial=t).context_ids)
        for t in range(9)
    ]
    assert any(len({digit for _, digit in RECORD.findall(one)}) < 8 for one in text)


def test_the_others_lie_anywhere(tokenizers):
    places = []
    for trial in range(30):
        sample = get_task("keyed").sample(tokenizers["byte"], length=4096, depth=50, trial=trial)
        text = tokenizers["byte"].decode(sample.context_ids)
        places += [match.start() // 1024 for match in RECORD.finditer(text)]
    counts = [places.count(quarter) for quarter in range(4)]
    assert min(counts) > 30  # 7 others of 30 samples: 52 a quarter


def test_order_of_calls_does_not_matter(tokenizers):
    def make(trial):
        return get_task("keyed").sample(tokenizers["bpe"], length=700, depth=30, trial=trial)

    forward = [make(trial) for trial in range(5)]
    assert forward == [make(trial) for trial in reversed(range(5))][::-1]
    assert len({sample.prompt_sha256 for sample in forward}) == 5


def test_shortest_length_holds_all_records(tokenizer):
    with pytest.raises(InputError, match="length must be at least") as error:
        get_task("keyed").sample(tokenizer, length=50, depth=0, trial=0)
    least = int(re.search(r"at least (\d+)", str(error.value))[1])
    for depth in (0, 50, 100):
        sample = get_task("keyed").sample(tokenizer, length=least, depth=depth, trial=0)
        assert len(sample.prompt_ids) == least
        assert len(RECORD.findall(tokenizer.decode(sample.context_ids))) == 8


@pytest.mark.parametrize("records", [0, -1, 26**4 + 1])
def test_bad_number_of_records(records):
    with pytest.raises(InputError, match="records must be from 1 to the number of keys"):
        get_task(f"keyed:records={records}")
