"""A sample's prompt as text, in pieces that are needles and pieces that are not."""

from typing import TYPE_CHECKING, NamedTuple

from lh_eval.tasks.base import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Piece(NamedTuple):
    """A part of a prompt's text."""

    text: str
    needle: bool


def prompt_pieces(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> list[Piece]:
    """The decoded prompt cut at its needles; joined, it is the exact prompt.

    Args:
        tokenizer: the one that the sample was made with.
        sample: what to show.
    """

    # beginnings are decoded, not pieces: some tokenizers drop the space at the start of what they decode
    def characters(tokens: int) -> int:
        return len(tokenizer.decode(sample.prompt_ids[:tokens]))

    text = tokenizer.decode(sample.prompt_ids)
    pieces = []
    shown = 0
    for span in sorted(sample.spans):
        start, end = map(characters, span)
        pieces += [Piece(text[shown:start], False), Piece(text[start:end], True)]
        shown = end
    return [piece for piece in [*pieces, Piece(text[shown:], False)] if piece.text or piece.needle]


def around_needles(pieces: list[Piece], width: int) -> list[Piece]:
    """The pieces with at most `width` characters left beside each needle, and … for what is cut.

    Where there is no needle, the end of the prompt is what is left.
    """
    cut = []
    for place, (text, needle) in enumerate(pieces):
        head = width if place and pieces[place - 1].needle else 0
        tail = width if place + 1 < len(pieces) or not head else 0
        if needle or len(text) <= head + tail:
            cut.append(Piece(text, needle))
        else:
            cut.append(Piece(f"{text[:head]} … {text[len(text) - tail :]}", False))
    return cut
