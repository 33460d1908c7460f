"""`Spans`: where in a prompt the tokens lie whose membership is watched, or forced."""

from typing import NamedTuple

Span = tuple[int, int]  # first token, and the one after the last


class Spans(NamedTuple):
    """Places in a prompt, each as spans of it; none is empty.

    needle: all needles.
    answer: the answer's tokens within them; the needles where it is not found there.
    question: what follows the context.
    last: the last token.
    sham: a span as long as each needle and one as long as the question, in the context, that touch none of them; none
        where there is no room.
    """

    needle: tuple[Span, ...] = ()
    answer: tuple[Span, ...] = ()
    question: tuple[Span, ...] = ()
    last: tuple[Span, ...] = ()
    sham: tuple[Span, ...] = ()

    def of_context(self) -> "Spans":
        """Without what lies behind the context."""
        return self._replace(question=(), last=())
