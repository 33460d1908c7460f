import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.tasks.building.encoding import encode_all

TEXTS = [" one", " two three", "<|endoftext|>", ".", " </s>"]


def test_ids_are_what_the_tokenizer_makes(tokenizer):
    assert encode_all(tokenizer, TEXTS) == tokenizer(TEXTS, add_special_tokens=False)["input_ids"]
    assert encode_all(tokenizer, TEXTS[:1]) == [tokenizer.encode(TEXTS[0], add_special_tokens=False)]


def test_only_the_first_text_is_made_a_dictionary_of(monkeypatch):
    seen = []
    made = PreTrainedTokenizerFast._convert_encoding
    monkeypatch.setattr(
        PreTrainedTokenizerFast, "_convert_encoding", lambda *args, **options: seen.append(1) or made(*args, **options)
    )
    assert len(encode_all(byte_tokenizer(), [" one"] * 100)) == 100
    assert len(seen) == 1


@pytest.mark.parametrize("split", [False, True])
def test_what_a_file_has_set_does_not_reach_the_ids(split):
    core = byte_tokenizer().backend_tokenizer
    core.enable_truncation(2)
    core.enable_padding(length=9)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<|endoftext|>", split_special_tokens=split)
    expected = [[32, 111, 110, 101], list(b"<|endoftext|>") if split else [256]]
    assert encode_all(tokenizer, [" one", "<|endoftext|>"]) == expected
    assert encode_all(tokenizer, ["<|endoftext|>", " one"]) == expected[::-1]


class Shouting(PreTrainedTokenizerFast):
    def _encode_plus(self, text, **options):
        return super()._encode_plus([one.upper() for one in text], **options)


def test_a_tokenizer_that_encodes_in_its_own_way_does_so():
    tokenizer = Shouting(tokenizer_object=Tokenizer(models.BPE(vocab={"A": 0, "B": 1}, merges=[])))
    assert encode_all(tokenizer, ["a", "b", "ab"]) == [[0], [1], [0, 1]]
