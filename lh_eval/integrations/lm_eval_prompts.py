"""Where the context of an lm-eval request ends and its question begins, as token ids."""

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lh_eval.integrations.lm_eval_tasks import sample_of
from lh_eval.tasks.base import Sample, get_task
from lh_eval.tasks.building.placing import leading_special_ids
from lh_eval.tasks.chat import Chat, Template, in_template

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Prompt(NamedTuple):
    """A request's prompt.

    context: what is prefilled; int32 token ids as bytes, which compare fast and lie compactly.
    question: tokens that are read on its cache; none where the prompt is prefilled as a whole.
    """

    context: bytes
    question: tuple[int, ...]


class Prompts:
    """Cuts prompts in two.

    A document of ours says which sample it is: its context and question are the sample's own, token for token, as in
    `lh-eval niah`, and so they are with something before it or in a chat template, whose tokens lie around them. Of any
    other prompt the last `question_tokens` tokens are the question; one that is no longer than that has no context.

    Args:
        tokenizer: the model's.
        encode: lm-eval's way of encoding what begins a prompt.
        question_tokens: tokens of a question whose beginning is not known.
        whole: leave prompts in one piece, all of it context.
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        encode: Callable[[str], list[int]],
        question_tokens: int,
        *,
        whole: bool = False,
    ) -> None:
        self._tokenizer = tokenizer
        self._encode = encode
        self._question_tokens = question_tokens
        self._whole = whole
        # a document's requests come one after the other
        self._sample = functools.lru_cache(maxsize=1)(self._make_sample)

    def sample(self, request: Any) -> Sample | None:
        """The sample that a request asks; None where it is not one of ours, or its prompt was changed."""
        doc = request.doc
        if not isinstance(doc, dict) or "lh_task" not in doc:
            return None
        return self._sample(tuple(doc[name] for name in _PLACE), request.args[0])

    def of_sample(self, sample: Sample) -> Prompt:
        """A sample's prompt."""
        return self._cut(sample.prompt_ids, len(sample.context_ids))

    def of_ids(self, ids: list[int]) -> Prompt:
        """A prompt of which nothing is known."""
        return self._cut(ids, max(0, len(ids) - self._question_tokens))

    def _cut(self, ids: list[int], place: int) -> Prompt:
        if self._whole:
            place = len(ids)
        return Prompt(_packed(ids[:place]), tuple(ids[place:]))

    def _make_sample(self, place: tuple[Any, ...], prompt: str) -> Sample | None:
        doc = dict(zip(_PLACE, place, strict=True))
        before, found, after = prompt.partition(doc["text"])
        prefix = doc["gen_prefix"].rstrip()  # a template may trim a message
        if not found or not after.rstrip().endswith(prefix):
            return None
        sample = sample_of(self._tokenizer, doc)
        if not doc["chat"] and after == doc["gap"] + doc["gen_prefix"]:
            return self._begun(before, sample) if before else sample
        behind = after.rstrip().removesuffix(prefix) if prefix else after
        template = Template(self._encode(before) if before else [], self._tokenizer.encode(behind, **_PLAIN))
        if not doc["chat"]:
            return in_template(self._tokenizer, sample, template)
        # its template's tokens are in the length: they must be those that lm-eval wrote
        task = get_task(doc["lh_task"])
        return sample if isinstance(task, Chat) and template == task.parts(self._tokenizer) else None

    def _begun(self, before: str, sample: Sample) -> Sample:
        """A sample with a text ahead of it, such as a system prompt without a template."""
        head = self._encode(before)
        shift = len(head) - len(leading_special_ids(self._tokenizer))
        return dataclasses.replace(
            sample,
            context_ids=head + sample.context_ids[len(head) - shift :],
            needle_start=sample.needle_start + shift,
            needle_end=sample.needle_end + shift,
            spans=tuple((start + shift, end + shift) for start, end in sample.spans),
            opening=sample.opening + shift,
        )


_PLACE = ("lh_task", "length", "depth", "trial", "seed", "prompt_sha256", "text", "gap", "gen_prefix", "chat")
_PLAIN = {"add_special_tokens": False}


def continuation_ids(
    request: Any, sample: Sample | None, encode_pair: Callable[[str, str], tuple[list[int], list[int]]]
) -> tuple[list[int] | None, list[int]]:
    """The tokens whose likelihood a request asks for.

    Args:
        request: lm-eval's request of a context and a continuation.
        sample: what `Prompts.sample` says.
        encode_pair: lm-eval's way of encoding both.

    Returns:
        The ids of the whole prompt, None where the sample has them, and those of the continuation.
    """
    context, continuation = request.args
    if sample is not None and continuation in request.doc.get("choices", ()):
        return None, [sample.choice_ids[request.doc["choices"].index(continuation)]]
    return encode_pair(context, continuation)


def _packed(ids: list[int]) -> bytes:
    return np.asarray(ids, dtype=np.int32).tobytes()
