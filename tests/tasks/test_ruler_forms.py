"""RULER's tasks in its own form: what upstream's generator and lm-eval's write, by structure; texts are lm-eval's."""

import re
from collections import Counter

import pytest
from lm_eval.tasks.ruler import cwe_utils, fwe_utils, vt_utils

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.guards import check_sample
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.ruler_texts import ruler_texts
from lh_eval.tasks.building.ruler_words import wonder_words

TOKENIZER, LENGTH = byte_tokenizer(), 4000
TEXTS = ruler_texts()
NIAH = {  # kinds of keys and values, keys, values of each, keys asked for, records that are not needles
    "single_1": ("words", "numbers", 1, 1, 1, False),
    "single_2": ("words", "numbers", 1, 1, 1, False),
    "single_3": ("words", "uuids", 1, 1, 1, False),
    "multikey_1": ("words", "numbers", 4, 1, 1, False),
    "multikey_2": ("words", "numbers", 1, 1, 1, True),
    "multikey_3": ("uuids", "uuids", 1, 1, 1, True),
    "multivalue": ("words", "numbers", 1, 4, 1, False),
    "multiquery": ("words", "numbers", 4, 1, 4, False),
}
SHAPES = {"words": r"[^ :]+-[^:]+", "numbers": r"\d{7}", "uuids": r"[\da-f-]{36}"}
BUDGETS = {"vt": 30, "cwe": 120, "fwe": 50} | dict.fromkeys((f"niah_{name}" for name in NIAH), 128)
BOTH = pytest.mark.parametrize("variant", ["upstream", "lm-eval"])


def make(name, variant="upstream", **changes):
    task = get_task(f"ruler_{name}:variant={variant}")
    sample = task.sample(TOKENIZER, **{"length": LENGTH, "depth": 0, "trial": 0, **changes})
    return sample, TOKENIZER.decode(sample.prompt_ids)


@BOTH
@pytest.mark.parametrize("name", BUDGETS)
def test_the_budget_counts_and_the_prefix_comes_apart(name, variant):
    sample, text = make(name, variant)
    check_sample(TOKENIZER, sample, length=LENGTH, depth=0, tolerance=2)
    assert sample.max_new_tokens == BUDGETS[name]
    assert sample.scoring == "substring"
    room = LENGTH - (BUDGETS[name] if variant == "upstream" else 0)
    assert len(sample.prompt_ids) <= room
    kind = name.partition("_")[0]
    expected = TEXTS.niah_prefixes[len(sample.answers) > 1] if kind == "niah" else getattr(TEXTS, f"{kind}_prefix")
    words = re.sub(r"\{.*?\}", "@", expected.replace("assgined", "assigned") if variant == "upstream" else expected)
    prefix = sample.prefix
    assert re.fullmatch(re.escape(words.strip()).replace("@", ".+"), prefix.strip())
    assert text.endswith(prefix)
    # upstream's answers follow a space that the prefix of vt brings along
    assert text.endswith(" ") is (name == "vt" and variant == "upstream")


@BOTH
@pytest.mark.parametrize("name", NIAH)
def test_needles(name, variant):
    key_kind, value_kind, keys, values, asked, alike = NIAH[name]
    sample, text = make(f"niah_{name}", variant)
    record = re.escape(TEXTS.needle.replace("{type_needle_v}", value_kind)).replace(r"\{key\}", f"({SHAPES[key_kind]})")
    found = re.findall(record.replace(r"\{value\}", f"({SHAPES[value_kind]})"), text)
    assert len(found) > 8 if alike else len(found) == keys * values
    body = text.split("\n")[1:-1]
    assert all(re.match(record.replace(r"\{value\}", ".+"), line) for line in body) if alike else True
    held = {}
    for key, value in found:
        held.setdefault(key, []).append(value)
    question = TOKENIZER.decode(sample.question_ids)
    named = [key for key in held if question.count(key) == 2]  # in the question, and in the prefix
    assert len(named) == asked
    assert sorted(sample.answers) == sorted(value for key in named for value in held[key])
    assert len(sample.spans) == len(sample.answers) == asked * values
    kind, one = (value_kind.removesuffix("s"), True) if len(sample.answers) == 1 else (value_kind, False)
    template = TEXTS.niah
    for old, new in TEXTS.singular if one else ():
        template = template.replace(old, new)
    assert text.startswith(template.partition("{context}")[0].format(type_needle_v=kind))
    if key_kind == "words":
        words = wonder_words()
        for key in held:
            splits = [(key[:i], key[i + 1 :]) for i, sign in enumerate(key) if sign == "-"]
            assert any(left in words.adjectives and right in words.nouns for left, right in splits)


@pytest.mark.parametrize(("name", "unit"), [("niah_single_1", TEXTS.noise), ("vt", TEXTS.noise)])
def test_upstream_fills_the_length_to_the_last_unit(name, unit):
    sample, text = make(name)
    assert 0 <= LENGTH - BUDGETS[name] - len(sample.prompt_ids) <= len(unit)
    assert unit in text.split("\n")


@BOTH
def test_tracking_has_an_example_and_passes_one_value_on(variant):
    sample, text = make("vt", variant)
    shown, own = text.split(TEXTS.vt[:20])[1:]
    chain = re.findall(r"VAR ([A-Z]{5}) = (?:VAR )?(\w+)", own)
    assert [name for name, _ in chain] == list(sample.answers)
    assert [value for _, value in chain[1:]] == list(sample.answers[:-1])
    assert own.count(chain[0][1]) == 3  # set, asked, in the prefix
    example = re.findall(r"VAR ([A-Z]{3}) = ", shown)
    assert shown.strip().endswith(" ".join(example))
    assert len(example) == 5
    if variant == "lm-eval":
        theirs, _ = vt_utils.generate_input_output(10, 1, 4)
        mask = re.compile(r"[A-Z]{5}|\d{5}")
        assert {mask.sub("@", line).strip() for line in theirs.strip().split("\n")[2:]} == {
            mask.sub("@", line).strip() for line in own.strip().split("\n")[2:]
        }


@BOTH
@pytest.mark.parametrize(("length", "often", "rarely"), [(3000, 6, 1), (9000, 30, 3)])
def test_common_words_are_numbered_and_come_as_often_as_rulers(variant, length, often, rarely):
    sample, text = make("cwe", variant, length=length)
    before, after = TEXTS.cwe.split("{context}")
    assert text.count(before.strip()) == (2 if variant == "upstream" else 1)
    listed = text.split(before)[-1].split(after)[0]
    items = re.findall(r"(\d+)\. (\D+?)(?= \d|$)", listed)
    assert [int(number) for number, _ in items] == list(range(1, len(items) + 1))
    counts = Counter(word for _, word in items)
    assert {word for word, count in counts.items() if count == often} == set(sample.answers)
    assert set(counts.values()) == {often, rarely}
    _, theirs, _ = cwe_utils.generate_input_output(20, length)
    assert theirs.split(before)[1].endswith(after + TEXTS.cwe_prefix)


@BOTH
def test_frequent_words_are_six_letters_and_dots_come_first(variant):
    sample, text = make("fwe", variant)
    before, after = TEXTS.fwe.split("{context}")
    words = text.removeprefix(before).partition(after)[0].split(" ")
    counts = Counter(words).most_common()
    assert counts[0][0] == "..."
    assert [word for word, _ in counts[1:4]] == list(sample.answers)
    assert all(re.fullmatch("[a-z]{6}", word) for word, _ in counts[1:])
    theirs, _, _ = fwe_utils.generate_input_output(LENGTH, TOKENIZER, vocab_size=80, incremental=100)
    assert theirs.startswith(before)
    assert theirs.strip().endswith((after + TEXTS.fwe_prefix).strip())
