"""Tokenizers of different habits, small enough to be trained here."""

import lzma
from importlib import resources

import golden_prompts
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

_CORPUS = [
    f" The pass key for kqzx is {digit}. What is the pass key? ab{digit}c xy{digit}{digit}z" for digit in range(10)
]


def _bpe(*, bos: bool = False, split_digits: bool = False) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = [pre_tokenizers.Digits(individual_digits=True)] if split_digits else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*digits, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS * 5, trainer)
    if bos:  # as BERT and T5 do, with a token behind the text too
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
        )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


@pytest.fixture(scope="session")
def tokenizers():
    return {
        "byte": golden_prompts.tokenizers()["bytes"],  # the same one, for what is kept of texts
        "bpe": _bpe(),
        "bpe-bos": _bpe(bos=True),
        "bpe-split-digits": _bpe(split_digits=True),
    }


@pytest.fixture(params=["byte", "bpe", "bpe-bos", "bpe-split-digits"])
def tokenizer(request, tokenizers):
    return tokenizers[request.param]


@pytest.fixture(scope="session")
def prose_bpe():
    """A tokenizer with a vocabulary of English words and single digits, as those of small pretrained models."""
    raw = (resources.files("lh_eval.assets") / "text" / "moby_dick.txt.xz").read_bytes()
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(lzma.decompress(raw).decode().split("\n"), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)
