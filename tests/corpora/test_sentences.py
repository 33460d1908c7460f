import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.corpora.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One came. Two\nwent!  Three?", ["One came.", " Two went!", " Three?\n\n"]),
        ('He said "No." "Yes," said she. (So.) It is', ['He said "No."', ' "Yes," said she.', " (So.)", " It is\n\n"]),
        ("Mr. Starbuck met Dr. A. Bunger. He left.", ["Mr. Starbuck met Dr. A. Bunger.", " He left.\n\n"]),
        ("It cost 3.5 or so. and more.", ["It cost 3.5 or so. and more.\n\n"]),
        ("CHAPTER 1\n\n \nCall me Ishmael. 7 years on", ["CHAPTER 1\n\n", "Call me Ishmael.", " 7 years on\n\n"]),
        ("Never bomb. It fell.", ["Never bomb.", " It fell.\n\n"]),
        (" \n\n ", []),
    ],
)
def test_where_sentences_end(text, sentences):
    assert split_sentences(text) == sentences


@given(st.text(alphabet="aB.!?\"' \n)(1"))
def test_joined_again_they_are_the_text(text):
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    assert "".join(split_sentences(text)) == "".join(part + "\n\n" for part in paragraphs if part)
