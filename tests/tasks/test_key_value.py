import re

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.depth import deviation

RECORD = re.compile(r"\nKey ([\da-f-]{36}) has value ([\da-f-]{36})\.")


def make(tokenizer, spec="kv:questions=3", **changes):
    return get_task(spec).sample(tokenizer, **{"length": 3000, "depth": 50, "trial": 0, **changes})


def test_the_answer_is_the_value_of_the_key(tokenizer):
    for trial in range(4):
        sample = make(tokenizer, trial=trial)
        records = dict(RECORD.findall(tokenizer.decode(sample.context_ids)))
        key = re.search(r" Key ([\da-f-]{36}) has value$", tokenizer.decode(sample.question_ids))[1]
        assert records[key] == sample.answer
        assert len(sample.prompt_ids) == 3000
        start, end = sample.spans[0]
        assert RECORD.fullmatch(tokenizer.decode(sample.prompt_ids[start:end])).groups() == (key, sample.answer)


def test_context_is_the_same_for_the_questions_of_a_group_at_all_depths(tokenizer):
    # long enough for three records within 2 points of the context
    places = [(trial, depth) for trial in range(3) for depth in (0, 50, 100)]
    first = [make(tokenizer, trial=trial, depth=depth, length=12_000) for trial, depth in places]
    assert len({tuple(sample.context_ids) for sample in first}) == 1
    assert len({sample.answer for sample in first}) == 9
    assert make(tokenizer, trial=3, length=12_000).context_ids != first[0].context_ids


def test_in_a_short_context_the_asked_record_changes_places_with_the_nearest(tokenizers):
    tokenizer = tokenizers["bpe"]  # records of different sizes
    for depth in (0, 30, 100):
        samples = [make(tokenizer, trial=trial, depth=depth, length=2200) for trial in range(3)]
        texts = [RECORD.findall(tokenizer.decode(sample.context_ids)) for sample in samples]
        assert texts[0] != texts[2]
        assert sorted(texts[0]) == sorted(texts[1]) == sorted(texts[2])
        assert len({sample.answer for sample in samples}) == 3
        assert all(deviation(sample, depth) <= 2 for sample in samples)


def test_the_first_question_asks_for_the_record_nearest_to_the_depth(tokenizers):
    tokenizer = tokenizers["byte"]
    samples = [make(tokenizer, depth=depth) for depth in (0, 25, 50, 75, 100)]
    starts = [sample.needle_start for sample in samples]
    records = [match.start() for match in RECORD.finditer(tokenizer.decode(samples[0].context_ids))]
    assert starts == sorted(starts)
    assert (starts[0], starts[-1]) == (records[0], records[-1])
    assert all(deviation(sample, depth) <= 2 for sample, depth in zip(samples, (0, 25, 50, 75, 100), strict=True))
    others = [make(tokenizer, trial=trial, length=12_000).needle_start for trial in range(3)]
    text = tokenizer.decode(make(tokenizer, length=12_000).context_ids)
    records = [match.start() for match in RECORD.finditer(text)]
    middle = records.index(others[0])
    assert sorted(others) == records[middle - 1 : middle + 2]


def test_more_questions_than_records(tokenizers):
    with pytest.raises(InputError, match="length must hold a record for each of 40 questions, got 3000 with 31"):
        make(tokenizers["byte"], "kv:questions=40")


def test_wrong_number_of_questions():
    with pytest.raises(InputError, match="questions must be from 1 to 1000, got 0"):
        get_task("kv:questions=0")


def test_a_tokenizer_without_line_breaks_is_refused():
    letters = "0123456789abcdef-.,: KNRehavluekysotrdbwnif"
    vocab = {letter: i for i, letter in enumerate(dict.fromkeys(letters))} | {"ab": 99}
    bpe = Tokenizer(models.BPE(vocab=vocab, merges=[("a", "b")]))
    bpe.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe)
    task = get_task("kv:questions=30")
    with pytest.raises(InputError, match="tokenizer must have a token for a line break"):
        # among so many keys one is shorter than the longest
        [task.sample(tokenizer, length=3000, depth=50, trial=trial) for trial in range(30)]
