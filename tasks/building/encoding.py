"""Texts to token ids. What a text says never becomes a special token: `<|endoftext|>` in a book is letters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """The tokens of a text alone, without special ones."""
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    return ids


def encode_all(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text, without special tokens: `encode`'s, in half the time or less.

    For each text transformers makes a dictionary of what its tokens are beside their ids, which takes longer than the
    ids. Its own tokenizers are therefore asked without it; one that encodes in a way of its own does so.

    Args:
        tokenizer: a transformers tokenizer.
        texts: one or more.
    """
    from transformers import PreTrainedTokenizerFast

    names = ("__call__", "_encode_plus")
    ordinary = isinstance(tokenizer, PreTrainedTokenizerFast) and all(
        getattr(type(tokenizer), name, None) is getattr(PreTrainedTokenizerFast, name, None) for name in names
    )
    # the first text by transformers also leaves the core as texts want it: no special tokens read, and without what a
    # file may have set, padding and truncation
    direct = list(texts[:1] if ordinary else texts)
    ids: list[list[int]] = tokenizer(
        direct, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False
    )["input_ids"]
    if not ordinary:
        return ids
    core = tokenizer.backend_tokenizer
    return ids + [encoding.ids for encoding in core.encode_batch_fast(list(texts[1:]), add_special_tokens=False)]


def check_written(tokenizer: "PreTrainedTokenizerBase", answer: str) -> None:
    """Raise InputError where the tokenizer's own tokens of an answer, as text again, are not the answer any more.

    WordPiece parts words at hyphens and may lower them; a small vocabulary has no token for some letters.
    """
    written = tokenizer.decode(encode(tokenizer, f" {answer}"))
    if written.split() != answer.split():
        raise InputError(
            f"tokenizer must be able to write the answer {answer!r}, got {written!r} from it; "
            "take a task whose answers it writes, such as niah_single_2 with its numbers"
        )


def special_ids(tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """The ids that no text may become; not that of the unknown token, which any text may, unless it ends texts too."""
    ids = set(tokenizer.all_special_ids)
    ids |= {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    unknown = tokenizer.unk_token_id
    return ids if unknown in (tokenizer.eos_token_id, tokenizer.bos_token_id) else ids - {unknown}
