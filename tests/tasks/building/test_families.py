"""WordPiece's and SentencePiece's tokens: what they can be asked, and one line that names it where they cannot."""

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from lh_eval.engine.guards import check_sample
from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def wordpiece():
    """Letters alone or inside a word, lower case, one token a sign; a token begins and ends each text."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS), *"-=:;,.?!'\"()[]"]
    made = Tokenizer(models.WordPiece({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def unigram(*pieces):
    """A space is a sign of its own, as SentencePiece writes it; pieces are likelier than their letters."""
    letters = [*LETTERS, *LETTERS.upper(), *"▁-=:;,.?!'\"()[]\n"]
    vocabulary = [("<unk>", 0.0), ("<s>", 0.0), *((piece, -1.0) for piece in pieces)]
    vocabulary += [(letter, -3.0) for letter in dict.fromkeys(letters)]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", bos_token="<s>")


TOKENIZERS = {"wordpiece": wordpiece(), "unigram": unigram("▁1", "▁2", "▁12")}


def asked(name, task):
    return get_task(task).sample(TOKENIZERS[name], length=3000, depth=50, trial=0)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        *(("wordpiece", task) for task in ("passkey", "keyed", "niah_single_2", "cwe", "ruler_niah_single_1")),
        *(("unigram", task) for task in ("niah_single_2", "niah_single_3", "vt", "kv", "ruler_vt", "ruler_cwe")),
    ],
)
def test_lengths_and_places_hold(name, task):
    sample = asked(name, task)
    check_sample(TOKENIZERS[name], sample, length=3000, depth=50, tolerance=6)
    if sample.choices:
        assert len(set(sample.choice_ids)) == len(sample.choices)


OWN_TOKEN = "give each answer one token of its own, .*; take a task whose answer is generated, such as niah_single_2"
WRITTEN = "be able to write the answer .*; take a task whose answers it writes, such as niah_single_2"


@pytest.mark.parametrize(
    ("name", "task", "line"),
    [
        ("unigram", "passkey", OWN_TOKEN),
        ("wordpiece", "niah_single_3", WRITTEN),
        ("wordpiece", "ruler_vt", WRITTEN),
        ("wordpiece", "kv", WRITTEN),
    ],
)
def test_a_task_that_cannot_be_names_one_that_can(name, task, line):
    with pytest.raises(InputError, match=f"tokenizer must {line}") as error:
        asked(name, task)
    assert "\n" not in str(error.value)
