"""Another task's prompts in the model's own chat template: instruct and thinking models, at exact lengths."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, drawn_as, get_task, questions_of, version_of
from lh_eval.tasks.building.depth import depth_at
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.placing import leading_special_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "0c7b4a0e"  # stands for the user's message while the template is cut apart
_THOUGHT_END = "</think>"
_SEARCHED = 24  # lengths of the inner prompt that are tried until all tokens together are as many as asked for
_SENTENCE = 32  # tokens that an answer gets for the words around it where no prefix stands before it


class _Template(NamedTuple):
    """Tokens that a chat template writes before the user's message and after it, the assistant's header among them."""

    before: list[int]
    after: list[int]


@TASKS.register("chat")
@dataclasses.dataclass(frozen=True)
class Chat:
    """Another task's prompts as the user's message of the model's chat template.

    The template's tokens count into the length, in RULER's form the answer's too. What is asked is what the task asks
    by itself at that length, in a haystack shorter by the template. What the task puts ahead of the answer (behind the
    question mark or colon) follows the assistant's header, or is left out.

    Measures: retrieval by instruct and thinking models, asked as they were trained to be.
    Source: lh_eval; lm-eval's `gen_prefix` is where its prefix stands.

    Attributes:
        of: the task, such as `niah_single_2`.
        system: system prompt; empty is none, or the template's own.
        prefix: `assistant` puts the answer's prefix after the assistant's header, `none` leaves it out.
        thinking: most tokens of a thought ahead of the answer, whose own budget begins behind `</think>`; 0 asks the
            template for none.
        tokens: most tokens of the answer; the task's if 0, and 32 more where no prefix stands before it.
    """

    name: ClassVar[str] = "chat"
    of: str
    system: str = ""
    prefix: Literal["assistant", "none"] = "assistant"
    thinking: int = 0
    tokens: int = 0

    def __post_init__(self) -> None:
        if self.of.partition(":")[0] == self.name:
            raise InputError(f"of must be another task, got {self.of!r}")
        for name in ("thinking", "tokens"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must be a number of tokens from 0 on, got {getattr(self, name)}")
        if self.thinking and self.prefix != "none":
            raise InputError("prefix must be none with a thought, got assistant; a thought stands before the answer")
        get_task(self.of)

    def __getattr__(self, name: str) -> Any:
        """What a run records of a task's data is the inner task's."""
        if name in ("haystack", "data_sha256", "data_revision"):
            return getattr(get_task(self.of), name)
        raise AttributeError(name)

    @property
    def version(self) -> int:
        """That of the task's samples."""
        return version_of(get_task(self.of))

    @property
    def questions(self) -> int:
        """Those of the task."""
        return questions_of(get_task(self.of))

    def template(self, tokenizer: "PreTrainedTokenizerBase") -> str:
        """The text of the tokenizer's chat template, which names a run.

        Raises:
            InputError: it has none.
        """
        if not getattr(tokenizer, "chat_template", None):
            raise InputError("tokenizer must have a chat template with --chat, got none; run without --chat")
        return str(tokenizer.get_chat_template())

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        template = self._template(tokenizer)
        bos = len(leading_special_ids(tokenizer))
        shift = len(template.before) - bos
        tokens = length - shift - len(template.after)
        if tokens < 1:
            raise InputError(f"length must be above the chat template's {length - tokens} tokens, got {length}")
        best: Sample | None = None
        for _ in range(_SEARCHED):
            with drawn_as(length, depth):
                inner = self._inner(tokenizer, tokens, shift, depth=depth, trial=trial, seed=seed)
            made = self._wrapped(tokenizer, inner, template, bos)
            missing = length - len(made.prompt_ids) - (made.reserved or 0)
            if not missing or (missing > 0 and made.reserved is not None):
                return made
            if missing > 0 and (best is None or len(made.prompt_ids) > len(best.prompt_ids)):
                best = made
            tokens += missing if best is None or abs(missing) > 1 else 1
            if tokens < 1:
                break
        if best is None:
            raise InputError(f"length must hold the chat template and the question, got {length}; raise it")
        return _filled(tokenizer, best, length)

    def _inner(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        tokens: int,
        shift: int,
        *,
        depth: float,
        trial: int,
        seed: int,
    ) -> Sample:
        """The task's sample of so many tokens whose needle lies at the depth with `shift` tokens ahead of it."""
        task = get_task(self.of)
        inner = task.sample(tokenizer, length=tokens, depth=depth, trial=trial, seed=seed)
        if not inner.placed or not 0 < depth < 100:
            return inner
        context = len(inner.context_ids)  # the template's header moves the needle towards the end
        moved = min(99.9, max(0.0, ((context + shift) * depth / 100 - shift) * 100 / context))
        return task.sample(tokenizer, length=tokens, depth=moved, trial=trial, seed=seed)

    def _template(self, tokenizer: "PreTrainedTokenizerBase") -> _Template:
        self.template(tokenizer)
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages.append({"role": "user", "content": _MARK})
        try:
            text: Any = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=bool(self.thinking)
            )
        except Exception as error:  # a template is anyone's code: one without a system role raises in its own way
            raise InputError(f"chat template must take these messages, got: {error}; leave --system out") from None
        before, mark, after = text.partition(_MARK)
        if not mark or _MARK in after:
            raise InputError("chat template must hold the user's message once, got another number of times")
        return _Template(*(tokenizer.encode(part, add_special_tokens=False) for part in (before, after)))

    def _wrapped(self, tokenizer: "PreTrainedTokenizerBase", inner: Sample, template: _Template, bos: int) -> Sample:
        question, prefix = _split(tokenizer, inner, kept_out=self.prefix == "none")
        if self.prefix == "none":
            if inner.scoring == "choice":
                raise InputError(
                    f"prefix must be assistant with {self.of}, whose answer is the next token, got none; "
                    "or take a task whose answer is generated, such as niah_single_2"
                )
            prefix = []
        shift = len(template.before) - bos
        context = template.before + inner.context_ids[bos:]
        start = len(context) + len(question)
        more = self.tokens - inner.max_new_tokens if self.tokens else _SENTENCE if self.prefix == "none" else 0
        thinking = self.thinking and tokenizer.encode(_THOUGHT_END, add_special_tokens=False)
        return dataclasses.replace(
            inner,
            context_ids=context,
            question_ids=question + template.after + prefix,
            needle_start=inner.needle_start + shift,
            needle_end=inner.needle_end + shift,
            spans=tuple((first + shift, end + shift) for first, end in inner.spans),
            depth=depth_at(inner.needle_start + shift, len(context)) if inner.placed else inner.depth,
            opening=max(inner.opening + shift, len(template.before)),
            max_new_tokens=inner.max_new_tokens + more if inner.scoring != "choice" else 0,
            template=(start, start + len(template.after)),
            thinking=self.thinking,
            thought_end=tuple(thinking or ()),
            prefix=len(prefix),
            reserved=inner.reserved + more if inner.reserved else inner.reserved,
        )


def _split(tokenizer: "PreTrainedTokenizerBase", inner: Sample, *, kept_out: bool) -> tuple[list[int], list[int]]:
    """A question's tokens, and those of what stands between it and the answer, without white space ahead of them.

    Where the task does not say what its prefix is, it comes behind the last line break if the question has several
    lines, else behind its last question mark, else behind a request's full stop. One that is to be left out must not
    say what is asked, so there a `?` must stand ahead.
    """
    ids = inner.question_ids
    if inner.prefix is not None:
        cut = len(ids) - inner.prefix
        said: str = tokenizer.decode(ids[cut:], clean_up_tokenization_spaces=False)
        return ids[:cut], encode(tokenizer, said.lstrip()) if said.strip() else []
    text: str = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    line, asked, request = (text.rfind(mark) for mark in ("\n", "? ", ". "))
    cut = line if text[: max(line, 0)].strip() else asked + 1 or request + 1
    if cut < 1 or (kept_out and "?" not in text[:cut]):
        return list(ids), []
    head, tail = text[:cut], text[cut:].lstrip()
    for place in range(1, len(ids)):
        if tokenizer.decode(ids[:place], clean_up_tokenization_spaces=False) == head:
            first: str = tokenizer.decode(ids[place : place + 1], clean_up_tokenization_spaces=False)
            rest = tokenizer.decode(ids[place + 1 :], clean_up_tokenization_spaces=False)
            # only the first word is encoded again, so that what the answer's token follows stays as the task placed it
            if first.lstrip() + rest.lstrip() == tail or first.lstrip() + rest == tail:
                return list(ids[:place]), encode(tokenizer, first.lstrip()) + list(ids[place + 1 :])
    return encode(tokenizer, head), encode(tokenizer, tail)


def _filled(tokenizer: "PreTrainedTokenizerBase", sample: Sample, length: int) -> Sample:
    """A prompt of a few tokens too few with line breaks ahead of its question."""
    missing = length - len(sample.prompt_ids)
    fill = (encode(tokenizer, "\n")[-1:]) * missing
    start, end = sample.template
    return dataclasses.replace(
        sample, question_ids=fill + sample.question_ids, template=(start + missing, end + missing)
    )


def in_chat(spec: str, *, system: str | None, prefix: str | None, thinking: int | None) -> str:
    """A task's spec under `chat`, with what was given.

    Raises:
        InputError: an option is none, or has brackets that are not closed.
    """
    given = {"of": f"[{spec}]", "system": f"[{system}]" if system else None, "prefix": prefix, "thinking": thinking}
    if thinking and prefix is None:
        given["prefix"] = "none"
    return TASKS.spec("chat:" + ",".join(f"{name}={value}" for name, value in given.items() if value is not None))
