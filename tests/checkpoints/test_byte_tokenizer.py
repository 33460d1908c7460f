import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from lh_eval.checkpoints.byte_tokenizer import END_OF_TEXT, byte_tokenizer

TOKENIZER = byte_tokenizer()


@given(st.text())
def test_ids_are_the_bytes_and_text_comes_back(text):
    ids = TOKENIZER.encode(text)
    if END_OF_TEXT not in text:
        assert ids == list(text.encode())
    assert TOKENIZER.decode(ids) == text


@pytest.mark.parametrize(
    "text", ["", "   a \n\n\t b  ", "\x00\x01\x7f\x80\xad", "naïve 🙂👩‍👩‍👧", " , . ! 's", "a <|endoftext|> b", "\r\n"]
)
def test_awkward_text_comes_back(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_special_token():
    assert len(TOKENIZER) == TOKENIZER.vocab_size == 257
    assert (TOKENIZER.bos_token_id, TOKENIZER.eos_token_id, TOKENIZER.pad_token_id) == (256, 256, 256)
    assert TOKENIZER.encode("a") == TOKENIZER.encode("a", add_special_tokens=False) == [97]
    assert TOKENIZER.encode(END_OF_TEXT) == [256]
    assert TOKENIZER.decode([97, 256], skip_special_tokens=True) == "a"


def test_saved_tokenizer_loads_the_same(tmp_path):
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "the key\t is  7 🙂\x00 ."
    assert loaded.encode(text) == list(text.encode())
    assert loaded.decode(loaded.encode(text)) == text
    assert len(loaded) == 257
    assert loaded.pad_token_id == 256


def test_long_text_encodes_fast():
    text = "".join(random.Random(0).choices("abc xyz\n019", k=100_000))
    start = time.perf_counter()
    ids = TOKENIZER.encode(text)
    seconds = time.perf_counter() - start
    assert ids == list(text.encode())
    assert seconds < 1.0  # about 0.05 on an idle core; the margin is for a loaded one
