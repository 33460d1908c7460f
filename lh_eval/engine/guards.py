"""Guards: what a sample must be to be scored. One that is not becomes a row with the reason, never a zero."""

import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lh_eval.engine.answering import Answer
from lh_eval.errors import InputError, InvalidSampleError
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.depth import deviation
from lh_eval.tasks.building.encoding import special_ids
from lh_eval.tasks.building.standing import times_standing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def check_sample(
    tokenizer: "PreTrainedTokenizerBase", sample: Sample, *, length: int, depth: float, tolerance: float
) -> None:
    """Refuse a sample whose score would not be one of retrieval.

    Args:
        tokenizer: the one that it was made with.
        sample: what the task made.
        length: tokens that were asked for.
        depth: depth that was asked for, in percent.
        tolerance: points of the context that its needle may be off that.

    Raises:
        InvalidSampleError: the first of its faults.
    """
    for fault in _faults(tokenizer, sample, length, depth, tolerance):
        raise InvalidSampleError(fault)


def check_answer(answer: Answer) -> None:
    """Refuse what a model said where a number of it is none.

    Raises:
        InputError: a log-probability or margin is not finite.
    """
    for name in ("first_token_logprob", "answer_logprob", "margin"):
        value = getattr(answer, name)
        if value is not None and not math.isfinite(value):
            raise InputError(
                f"{name} must be finite, got {value}; look for inf or nan in the weights, or try another --dtype"
            )


def by_reason(errors: Iterable[str]) -> dict[str, int]:
    """How many rows' errors are of samples that were refused here; one a kind of reason, told by the first of it."""
    found: dict[str, list[str]] = {}
    for error in errors:
        name, _, reason = error.partition(": ")
        if name == InvalidSampleError.__name__:
            # what differs between samples: numbers, and what is quoted
            found.setdefault(re.sub(r"'[^']*'|\d+(\.\d+)?", "", reason.partition(", got")[0]), []).append(reason)
    return {reasons[0]: len(reasons) for reasons in found.values()}


def _faults(
    tokenizer: "PreTrainedTokenizerBase", sample: Sample, length: int, depth: float, tolerance: float
) -> Iterator[str]:
    tokens, context = len(sample.prompt_ids), len(sample.context_ids)
    if sample.reserved is not None:
        if tokens + sample.reserved > length:
            kept = f"{length - sample.reserved} tokens beside the {sample.reserved} of the answer"
            yield f"prompt must have at most {kept}, got {tokens}; the task made it too long"
    elif tokens != length and not (sample.removed is not None and tokens < length):
        yield f"prompt must have {length} tokens, got {tokens}; the task cut or padded it"
    yield from _places(tokenizer, sample, context)
    if (off := deviation(sample, depth)) > tolerance:
        yield f"needle must start within {tolerance:g} points of depth {depth:g}, got {off:.1f} off; raise the length"
    start, end = sample.template
    written = [*sample.prompt_ids[sample.opening : start or None], *(sample.prompt_ids[end:] if end else ())]
    special = special_ids(tokenizer).intersection(written)
    if special:
        names = ", ".join(sorted(map(repr, tokenizer.convert_ids_to_tokens(sorted(special)))))
        yield f"text must have no special tokens, got {names} from data; encode it with split_special_tokens"
    if sample.stands:
        text = tokenizer.decode(sample.prompt_ids[sample.opening :], clean_up_tokenization_spaces=False)
        for answer, times in zip(sample.answers, sample.stands, strict=True):
            if (found := times_standing(answer, text)) != times:
                what = "control" if sample.removed is not None else "prompt"
                yield f"answer {answer!r} must stand {times} times in the {what}, got {found}; take another haystack"


def _places(tokenizer: "PreTrainedTokenizerBase", sample: Sample, context: int) -> Iterator[str]:
    """What is wrong with the places of needles, and with ids."""
    for start, end in sample.spans:
        if not (0 <= start < end <= context or (sample.removed is not None and 0 <= start == end <= context)):
            yield f"needle must lie within the context's {context} tokens, got {start} to {end}"
    if (sample.needle_start, sample.needle_end) != sample.spans[0]:
        yield f"needle must be the first span {sample.spans[0]}, got {sample.needle_start} to {sample.needle_end}"
    if not 0 <= sample.opening <= context:
        yield f"opening must be within the context's {context} tokens, got {sample.opening}"
    ids = [*sample.prompt_ids, *sample.choice_ids]
    if ids and not 0 <= min(ids) <= max(ids) < len(tokenizer):
        yield f"token ids must be from 0 to {len(tokenizer) - 1}, got {min(ids)} to {max(ids)}"
