"""Many texts to token ids at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_all(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text, without special tokens: `tokenizer(texts)`'s, in half the time or less.

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
    # the first text by transformers also leaves the core without what a file may have set: padding, truncation
    direct = list(texts[:1] if ordinary else texts)
    ids: list[list[int]] = tokenizer(direct, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    if not ordinary:
        return ids
    core = tokenizer.backend_tokenizer
    return ids + [encoding.ids for encoding in core.encode_batch_fast(list(texts[1:]), add_special_tokens=False)]
