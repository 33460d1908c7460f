"""A sample as text: its prompt with the needles marked, and what there is to know about it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.marking import prompt_pieces

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def marked_prompt(tokenizer: "PreTrainedTokenizerBase", sample: Sample, *, marks: tuple[str, str]) -> str:
    """The decoded prompt, a mark before and behind each needle; without the marks it is the exact prompt.

    Args:
        tokenizer: the one that the sample was made with.
        sample: what to show.
        marks: text before and behind a needle.
    """
    pieces = prompt_pieces(tokenizer, sample)
    return "".join(f"{marks[0]}{text}{marks[1]}" if needle else text for text, needle in pieces)


def describe_sample(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> Iterator[str]:
    """Question, answer, places and tokens, a line each."""
    needles = ", ".join(f"{start} to {end}" for start, end in sample.spans)
    yield f"question: {tokenizer.decode(sample.question_ids).strip()}"
    yield f"answer:   {sample.answer}"
    if sample.scoring == "choice":
        yield f"judged:   the likeliest of {', '.join(sample.choices)}"
    else:
        yield f"judged:   {sample.scoring}, of at most {sample.max_new_tokens} generated tokens"
    yield f"tokens:   {len(sample.prompt_ids)}: context {len(sample.context_ids)}, question {len(sample.question_ids)}"
    yield f"needles:  tokens {needles}; depth {sample.depth:.1f} %"
    yield f"prompt:   sha256 {sample.prompt_sha256}"
