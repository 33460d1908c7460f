"""A text as one piece of tokens, as every other reader of it encodes it, and where places of it lie among them."""

import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Encoded(NamedTuple):
    """Tokens of a text.

    ids: token ids, no special ones.
    ends: [n] the character after each token's last one, ascending.
    starts: [n] each token's first character.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]

    def token_at(self, character: int) -> int:
        """The first token that reaches beyond so many characters."""
        return bisect.bisect_right(self.ends, character)

    def span(self, characters: tuple[int, int]) -> tuple[int, int]:
        """Start and end of the tokens that characters start..end lie in."""
        return self.token_at(characters[0]), bisect.bisect_left(self.starts, characters[1])


def encode_with_places(tokenizer: "PreTrainedTokenizerBase", text: str) -> Encoded:
    """Encode a text, and keep where its tokens lie.

    Raises:
        InputError: the tokenizer does not say so.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            "tokenizer must be a fast one, which says where its tokens lie in a text, "
            f"got {type(tokenizer).__name__}; save it with a tokenizer.json"
        )
    made = tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
    places: Sequence[tuple[int, int]] = made["offset_mapping"]
    return Encoded(list(made["input_ids"]), [start for start, _ in places], [end for _, end in places])
