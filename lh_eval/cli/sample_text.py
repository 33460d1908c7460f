"""A sample as text: its prompt with the needles marked, and what there is to know about it."""

from collections.abc import Iterator
from typing import Any

from lh_eval.tasks.base import Sample


def marked_prompt(tokenizer: Any, sample: Sample, *, marks: tuple[str, str]) -> str:
    """The decoded prompt, a mark before and behind each needle; without the marks it is the exact prompt.

    Args:
        tokenizer: the one that the sample was made with.
        sample: what to show.
        marks: text before and behind a needle.
    """

    # beginnings are decoded, not pieces: some tokenizers drop the space at the start of what they decode
    def characters(tokens: int) -> int:
        return len(tokenizer.decode(sample.prompt_ids[:tokens]))

    text = tokenizer.decode(sample.prompt_ids)
    parts = []
    shown = 0
    for span in sorted(sample.spans):
        start, end = map(characters, span)
        parts += [text[shown:start], marks[0], text[start:end], marks[1]]
        shown = end
    return "".join([*parts, text[shown:]])


def describe_sample(tokenizer: Any, sample: Sample) -> Iterator[str]:
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
