import gc

import numpy as np
import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.tasks.building import pools as module
from lh_eval.tasks.building.pools import pool_of

TEXTS = [" one", " two", " three", "."]


def test_joined_texts_are_what_the_tokenizer_makes_of_the_whole(tokenizer):
    pool = pool_of(tokenizer, "numbers", lambda: TEXTS)
    picks = np.array([2, 0, 0, 3, 1])
    ids, starts = pool.join(picks)
    assert tokenizer.decode(ids) == " three one one. two"
    assert ids.tolist() == tokenizer.encode(" three one one. two", add_special_tokens=False)
    assert [tokenizer.decode(ids[start:])[:4].strip() for start in starts[:3]] == ["thr", "one", "one"]
    assert pool.join(picks[:0])[0].tolist() == []


def test_a_pool_is_made_once_for_each_tokenizer():
    made = []

    def texts():
        made.append(1)
        return TEXTS

    first, second = byte_tokenizer(), byte_tokenizer()
    assert pool_of(first, "once", texts) is pool_of(first, "once", texts)
    pool_of(second, "once", texts)
    assert len(made) == 2


def test_pools_go_with_their_tokenizer():
    tokenizer = byte_tokenizer()
    gc.collect()
    before = len(module._pools)
    pool_of(tokenizer, "numbers", lambda: TEXTS)
    assert len(module._pools) == before + 1
    del tokenizer
    gc.collect()
    assert len(module._pools) == before


def test_a_tokenizer_without_tokens_for_a_text_is_refused():
    deaf = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"x": 0}, merges=[])))
    with pytest.raises(InputError, match="tokenizer must make tokens of numbers, got none; use the model's own"):
        pool_of(deaf, "numbers", lambda: TEXTS)
