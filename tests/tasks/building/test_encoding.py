import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.tasks.building.encoding import encode, encode_all, special_ids

TEXTS = [" one", " two three", "<|endoftext|>", ".", " </s>"]


def test_ids_are_what_the_tokenizer_makes(tokenizer):
    wanted = tokenizer(TEXTS, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert encode_all(tokenizer, TEXTS) == wanted
    assert [encode(tokenizer, text) for text in TEXTS] == wanted


def test_no_text_becomes_a_special_token(tokenizer):
    special = tokenizer.eos_token
    assert tokenizer.encode(special, add_special_tokens=False) == [tokenizer.eos_token_id]  # what it would be
    for ids in (encode(tokenizer, f"a {special} b"), *encode_all(tokenizer, [f"a {special} b"] * 2)):
        assert not special_ids(tokenizer) & set(ids)
        assert tokenizer.decode(ids) == f"a {special} b"


def test_the_unknown_token_is_no_special_one_unless_it_ends_texts():
    core = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, "a": 2}, unk_token="<unk>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", eos_token="</s>")
    assert special_ids(tokenizer) == {1}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", eos_token="<unk>")
    assert 0 in special_ids(tokenizer)


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
    expected = [[32, 111, 110, 101], list(b"<|endoftext|>")]
    assert encode_all(tokenizer, [" one", "<|endoftext|>"]) == expected
    assert encode_all(tokenizer, ["<|endoftext|>", " one"]) == expected[::-1]


class Shouting(PreTrainedTokenizerFast):
    def _encode_plus(self, text, **options):
        return super()._encode_plus([one.upper() for one in text], **options)


def test_a_tokenizer_that_encodes_in_its_own_way_does_so():
    tokenizer = Shouting(tokenizer_object=Tokenizer(models.BPE(vocab={"A": 0, "B": 1}, merges=[])))
    assert encode_all(tokenizer, ["a", "b", "ab"]) == [[0], [1], [0, 1]]
