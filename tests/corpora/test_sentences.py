import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.corpora.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One came. Two\nwent!  Three?", ["\n\nOne came.", " Two went!", " Three?"]),
        ('He said "No." "Yes," said she. (So.) It is', ['\n\nHe said "No."', ' "Yes," said she.', " (So.)", " It is"]),
        ("Mr. Starbuck met Dr. A. Bunger. He left.", ["\n\nMr. Starbuck met Dr. A. Bunger.", " He left."]),
        ("It cost 3.5 or so. and more.", ["\n\nIt cost 3.5 or so. and more."]),
        ("CHAPTER 1\n\n \nCall me Ishmael. 7 years on", ["\n\nCHAPTER 1", "\n\nCall me Ishmael.", " 7 years on"]),
        ("Never bomb. It fell.", ["\n\nNever bomb.", " It fell."]),
        (" \n\n ", []),
    ],
)
def test_where_sentences_end(text, sentences):
    assert split_sentences(text) == sentences


@given(st.text(alphabet="aB.!?\"' \n)(1"))
def test_joined_again_they_are_the_text(text):
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    assert "".join(split_sentences(text)) == "".join("\n\n" + part for part in paragraphs if part)
