"""Where a question ends and the beginning of its answer stands: `What is the pass key? | The pass key is`.

A sample says so itself (`Sample.prefix`); a chat puts that part behind the assistant's header, lm-eval calls it
`gen_prefix`.
"""

from typing import TYPE_CHECKING, NamedTuple

from lh_eval.tasks.building.encoding import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from lh_eval.tasks.base import Sample


def last_line(question: str) -> str:
    """What of a question begins the answer where that has a line of its own, the line break ahead of it too."""
    before, line_break, line = question.strip().rpartition("\n")
    own = line_break or question[: len(question) - len(question.lstrip())][-1:]
    return f"{own}{line}" if before or own else ""


def last_sentence(question: str) -> str:
    """What of a question begins the answer where it follows a question mark or, without one, a full stop.

    A question of one sentence alone has nothing that begins its answer.
    """
    text = question.strip()
    for mark in ("? ", ". "):
        if mark in text:
            return f" {text.rpartition(mark)[2]}"
    return ""


def prefix_of(question: str) -> str:
    """What of a question begins the answer, as far as its form tells."""
    return last_line(question) if "\n" in question.strip() else last_sentence(question)


class Parted(NamedTuple):
    """A question's tokens, and the same as text.

    asked: those that ask.
    gap: the white space between them and the answer's beginning, as text.
    prefix: those that begin the answer, without white space ahead of them.
    """

    asked: list[int]
    asked_text: str
    gap: str
    prefix: list[int]
    prefix_text: str


def part(tokenizer: "PreTrainedTokenizerBase", sample: "Sample") -> Parted:
    """Part a sample's question where its prefix begins; where it names none, as its form tells."""
    ids = list(sample.question_ids)
    text = _decoded(tokenizer, ids)
    body = text.rstrip()
    prefix = (prefix_of(text) if sample.prefix is None else sample.prefix).rstrip()
    if not prefix or not body.endswith(prefix):
        return Parted(ids, text, "", [], "")
    head, rest = body[: -len(prefix)], text[len(body) - len(prefix) :]
    tail = rest.lstrip()
    gap = rest[: len(rest) - len(tail)]
    for end in range(len(ids) + 1):
        if _decoded(tokenizer, ids[:end]) != head:
            continue
        for start in range(end, len(ids)):
            first, others = _decoded(tokenizer, ids[start : start + 1]), _decoded(tokenizer, ids[start + 1 :])
            # only the first word is encoded again, so that what the answer's token follows stays as the task placed it
            if first.strip() and tail in (first.lstrip() + others, first.lstrip() + others.lstrip()):
                return Parted(ids[:end], head, gap, encode(tokenizer, first.lstrip()) + ids[start + 1 :], tail)
    return Parted(encode(tokenizer, head), head, gap, encode(tokenizer, tail), tail)


def _decoded(tokenizer: "PreTrainedTokenizerBase", ids: list[int]) -> str:
    text: str = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    return text
