"""Another task's prompts in the model's own chat template: instruct and thinking models, at exact lengths."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, drawn_as, get_task, questions_of, version_of
from lh_eval.tasks.building.answer_prefix import part
from lh_eval.tasks.building.depth import depth_at
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.placing import leading_special_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "0c7b4a0e"  # stands for the user's message while the template is cut apart
_THOUGHT_END = "</think>"
_SEARCHED = 24  # lengths of the inner prompt that are tried until all tokens together are as many as asked for
_SENTENCE = 32  # tokens that an answer gets for the words around it where no prefix stands before it


class Template(NamedTuple):
    """Tokens that a chat template writes before the user's message and after it, the assistant's header among them."""

    before: list[int]
    after: list[int]


@TASKS.register("chat")
@dataclasses.dataclass(frozen=True)
class Chat:
    """Another task's prompts as the user's message of the model's chat template.

    The template's tokens count into the length, in RULER's form the answer's too. What is asked is what the task asks
    by itself at that length, in a haystack shorter by the template. What of the task's question begins the answer
    (`Sample.prefix`) follows the assistant's header, or is left out.

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
        template = self.parts(tokenizer)
        bos = len(leading_special_ids(tokenizer))
        shift = len(template.before) - bos
        tokens = length - shift - len(template.after)
        if tokens < 1:
            raise InputError(f"length must be above the chat template's {length - tokens} tokens, got {length}")
        best: Sample | None = None
        for _ in range(_SEARCHED):
            with drawn_as(length, depth):
                inner = self._inner(tokenizer, tokens, shift, depth=depth, trial=trial, seed=seed)
            made = self._wrapped(tokenizer, inner, template)
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

    def parts(self, tokenizer: "PreTrainedTokenizerBase") -> Template:
        """The template's tokens around the user's message.

        Raises:
            InputError: the tokenizer has no template, or one that does not take these messages.
        """
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
        return Template(*(tokenizer.encode(part, add_special_tokens=False) for part in (before, after)))

    def _wrapped(self, tokenizer: "PreTrainedTokenizerBase", inner: Sample, template: Template) -> Sample:
        if self.prefix == "none" and inner.scoring == "choice":
            raise InputError(
                f"prefix must be assistant with {self.of}, whose answer is the next token, got none; "
                "or take a task whose answer is generated, such as niah_single_2"
            )
        made = in_template(tokenizer, inner, template, prefix=self.prefix == "assistant")
        more = self.tokens - inner.max_new_tokens if self.tokens else _SENTENCE if self.prefix == "none" else 0
        thinking = self.thinking and tokenizer.encode(_THOUGHT_END, add_special_tokens=False)
        return dataclasses.replace(
            made,
            max_new_tokens=inner.max_new_tokens + more if inner.scoring != "choice" else 0,
            thinking=self.thinking,
            thought_end=tuple(thinking or ()),
            reserved=inner.reserved + more if inner.reserved else inner.reserved,
        )


def in_template(
    tokenizer: "PreTrainedTokenizerBase", inner: Sample, template: Template, *, prefix: bool = True
) -> Sample:
    """A sample with a template's tokens around its context and question, its answer's prefix behind them.

    Args:
        tokenizer: the model's.
        inner: the sample; what its tokenizer puts before a text is the template's affair.
        template: what stands around the user's message.
        prefix: whether the answer's prefix is there. Where the task does not name it, one that may alone say what is
            asked stays in the question: a `?` must stand ahead of it.
    """
    parted = part(tokenizer, inner)
    asked, begun = parted.asked, parted.prefix
    if not prefix:
        begun = []
        if inner.reserved is None and "?" not in parted.asked_text:
            asked = list(inner.question_ids)
    bos = len(leading_special_ids(tokenizer))
    shift = len(template.before) - bos
    context = template.before + inner.context_ids[bos:]
    start = len(context) + len(asked)
    return dataclasses.replace(
        inner,
        context_ids=context,
        question_ids=asked + template.after + begun,
        needle_start=inner.needle_start + shift,
        needle_end=inner.needle_end + shift,
        spans=tuple((first + shift, end + shift) for first, end in inner.spans),
        depth=depth_at(inner.needle_start + shift, len(context)) if inner.placed else inner.depth,
        opening=max(inner.opening + shift, len(template.before)),
        prefix=parted.prefix_text if begun else "",
        template=(start, start + len(template.after)),
    )


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
