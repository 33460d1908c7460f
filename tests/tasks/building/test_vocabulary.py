import lzma
import re
from importlib import resources

import numpy as np
import pytest

from lh_eval.tasks.building.vocabulary import PEOPLE, draw_texts, vocabulary

SHAPES = {
    "word": r"[a-z]+-[a-z]+",
    "number": r"[1-9]\d{6}",
    "uuid": r"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}",
    "list": r"[a-z]{4,10}",
}


@pytest.fixture(scope="module")
def novel():
    raw = (resources.files("lh_eval.assets") / "text" / "moby_dick.txt.xz").read_bytes()
    return lzma.decompress(raw).decode()


@pytest.mark.parametrize("kind", SHAPES)
def test_shape_and_no_text_twice(kind):
    texts = vocabulary(kind)
    assert len(texts) == len(set(texts)) > 5000
    assert all(re.fullmatch(SHAPES[kind], text) for text in texts)


@pytest.mark.parametrize("kind", ["word", "number", "uuid"])
def test_keys_and_values_are_not_in_the_novel(novel, kind):
    found = set(re.findall(SHAPES[kind], novel.lower()))
    assert not found & set(vocabulary(kind))


def test_people_are_not_in_the_novel(novel):
    assert len(set(PEOPLE)) == len(PEOPLE)
    assert not set(re.findall(r"[a-z]+", novel.lower())) & {person.lower() for person in PEOPLE}


def test_drawn_texts_are_distinct():
    texts = draw_texts(np.random.default_rng(0), "word", 1000)
    assert len(set(texts)) == 1000
    assert set(texts) <= set(vocabulary("word"))
