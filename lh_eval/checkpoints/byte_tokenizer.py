"""The byte tokenizer: a token is a byte of the UTF-8 text and its id is the byte's value.

    tokenizer = byte_tokenizer()
    tokenizer.encode("key 7")  # [107, 101, 121, 32, 55]

Lengths then count bytes, any text goes through unchanged, and a needle lies exactly where it is put.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"


def byte_tokenizer() -> "PreTrainedTokenizerFast":
    """Make the tokenizer: ids 0..255 are the bytes, id 256 is `<|endoftext|>` (bos, eos and padding).

    Encoding adds no special token; the text `<|endoftext|>` itself becomes id 256. `decode(encode(text)) == text`.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocab = {char: byte for byte, char in enumerate(_byte_chars())} | {END_OF_TEXT: 256}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    # use_regex=False: no pre-splitting into words, there are no merges that it could guard
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(END_OF_TEXT, special=True, normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        clean_up_tokenization_spaces=False,
    )


def _byte_chars() -> list[str]:
    """The visible character by which the `tokenizers` library writes each byte, in the order of the bytes.

    Printable Latin-1 bytes stand for themselves, the others take the characters from U+0100 on in turn.
    """
    from tokenizers.pre_tokenizers import ByteLevel

    alphabet = set(ByteLevel.alphabet())
    shifted = iter(sorted(char for char in alphabet if ord(char) > 255))
    return [chr(byte) if chr(byte) in alphabet else next(shifted) for byte in range(256)]
