"""What RULER's tasks in its own form share: as many units of haystack as the length holds, the answer's tokens counted.

`variant=upstream` is NVIDIA's generator, `variant=lm-eval` that of lm-eval 0.4.13. They differ in what they count into
the length, in the steps in which a haystack grows, in vt's line breaks and cwe's example, and in how qa is judged.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import Sample, sample_rng
from lh_eval.tasks.building.encoding import check_written, encode
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import spec_of
from lh_eval.tasks.building.ruler_sample import Places, ruler_sample
from lh_eval.tasks.building.ruler_texts import ruler_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Variant = Literal["upstream", "lm-eval"]


class Cell(NamedTuple):
    """What a prompt is made for.

    tokenizer: the model's.
    length: tokens of prompt and answer.
    trial: number of the sample.
    """

    tokenizer: "PreTrainedTokenizerBase"
    length: int
    trial: int


class Form(NamedTuple):
    """A prompt in RULER's form.

    text: all of it, the answer's prefix too.
    context: first and last character of what is asked about.
    prefix: character at which the answer's prefix begins.
    needles: characters of each needle.
    answers: what is looked for.
    stands: as in `Sample`.
    measured: the text whose tokens count, where that is not all of it.
    """

    text: str
    context: Places
    prefix: int
    needles: list[Places]
    answers: tuple[str, ...]
    stands: tuple[int, ...] = ()
    measured: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerTask(abc.ABC):
    """A task in RULER's form; the depth moves nothing, each depth has samples of its own.

    Attributes:
        variant: `upstream` is NVIDIA's generator, `lm-eval` that of lm-eval.
        name: under which it is registered.
        tokens: most tokens that are generated; they count into the length.
    """

    name: ClassVar[str]
    tokens: ClassVar[int]
    uses_depth: ClassVar[bool] = False
    variant: Variant = "upstream"

    @abc.abstractmethod
    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw a prompt; what is returned writes it with i steps of haystack more than the least, always alike."""

    def most(self, length: int) -> int:
        """Most steps that there can be: each takes a token at least."""
        return length

    @property
    def scoring(self) -> str:
        """How answers are judged."""
        return "substring"

    @property
    def cell(self) -> str:
        """What the random generator of its samples is named after."""
        return spec_of(self.name, self)

    @property
    def upstream(self) -> bool:
        """Whether it is NVIDIA's generator."""
        return self.variant == "upstream"

    @property
    def data_sha256(self) -> str:
        """Hash of the texts that prompts are made of."""
        return ruler_texts().sha256

    def room(self, length: int) -> int:
        """Tokens of a length that a prompt may take."""
        return length - self.tokens

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = sample_rng(self.cell, length=length, depth=depth, trial=trial, seed=seed)
        write = self.draft(Cell(tokenizer, length, trial), rng)
        head = len(leading_special_ids(tokenizer))

        def size(steps: int) -> int:
            form = write(steps)
            return head + len(encode(tokenizer, form.measured or form.text))

        steps = largest_fitting(size, self.room(length), self.most(length))
        if steps is None:
            least = size(0) + length - self.room(length)
            raise InputError(
                f"length must be at least {least} tokens for {self.name} with the {self.tokens} of its answer, "
                f"got {length}"
            )
        form = write(steps)
        for answer in form.answers:
            check_written(tokenizer, answer)
        return ruler_sample(
            tokenizer,
            form.text,
            context=form.context,
            prefix=form.prefix,
            needles=form.needles,
            answers=form.answers,
            scoring=self.scoring,
            tokens=self.tokens,
            # lm-eval's count leaves out now the prefix, now the answer
            reserved=self.tokens if self.upstream else 0,
            stands=form.stands,
        )


def largest_fitting(size: Callable[[int], int], room: int, most: int) -> int | None:
    """The largest number up to `most` whose size is at most the room; None where not even 0 fits.

    Sizes ascend nearly evenly, and each is dear: to encode a long text takes long. So it is guessed from the slope.
    """
    low, at_low = 0, size(0)
    first = at_low
    if at_low > room:
        return None
    high, guess = most + 1, 16
    while high - low > 1:
        middle = min(max(guess, low + 1), high - 1)
        at = size(middle)
        slope = max((at - first) / middle, 0.1)
        if at <= room:
            low, at_low = middle, at
        else:
            high = middle
        guess = low + int((room - at_low) / slope)
    return low


class Writer:
    """A text put together, which keeps where its pieces lie."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.size = 0

    def add(self, text: str) -> Places:
        """Append a piece; returns its first and last character."""
        self._parts.append(text)
        self.size += len(text)
        return self.size - len(text), self.size

    @property
    def text(self) -> str:
        """All pieces."""
        return "".join(self._parts)


def joined(writer: Writer, pieces: list[tuple[str, bool]], between: str) -> list[Places]:
    """Append pieces with a text between them; returns where those lie that are marked as needles."""
    found = []
    for number, (piece, needle) in enumerate(pieces):
        if number:
            writer.add(between)
        places = writer.add(piece)
        if needle:
            found.append(places)
    return found
