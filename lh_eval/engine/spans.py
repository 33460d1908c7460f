"""`Spans`: where in a prompt the tokens lie whose membership is watched."""

from typing import TYPE_CHECKING, NamedTuple

from lh_eval.tasks.base import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Span = tuple[int, int]  # first token, and the one after the last


class Spans(NamedTuple):
    """Places in a prompt, each as spans of it; none is empty.

    needle: all needles.
    answer: the answer's tokens within them; the needles where it is not found there.
    question: what follows the context.
    last: the last token.
    """

    needle: tuple[Span, ...] = ()
    answer: tuple[Span, ...] = ()
    question: tuple[Span, ...] = ()
    last: tuple[Span, ...] = ()

    def of_context(self) -> "Spans":
        """Without what lies behind the context."""
        return Spans(self.needle, self.answer)


def spans_of(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> Spans:
    """Where a sample's needle, answer and question lie."""
    context, length = len(sample.context_ids), len(sample.prompt_ids)
    needle = tuple((start, stop) for start, stop in sample.spans if stop > start)
    question = ((context, length),) if length > context else ()
    return Spans(needle, _answer(tokenizer, sample, needle), question, ((length - 1, length),) if length else ())


def _answer(tokenizer: "PreTrainedTokenizerBase", sample: Sample, needles: tuple[Span, ...]) -> tuple[Span, ...]:
    """The last place in each needle where an answer stands as tokens of its own; the needles if there is none."""
    ids = sample.prompt_ids
    texts = [f"{space}{answer}" for answer in sample.answers for space in ("", " ")]
    told = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    told += [[token] for choice, token in zip(sample.choices, sample.choice_ids, strict=True) if choice in texts]
    # of equal places the longest, so that a space counts where it is part of the token alone
    told = sorted(filter(None, told), key=len)
    found = []
    for start, stop in needles:
        places = [
            (at + len(answer), -len(answer))
            for answer in told
            for at in range(start, stop - len(answer) + 1)
            if ids[at : at + len(answer)] == answer
        ]
        if places:
            end, width = max(places)
            found.append((end + width, end))
    return tuple(found) or needles
