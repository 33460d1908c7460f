"""RULER's question answering in its own form: numbered documents, those that answer a question among others."""

import abc
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.document import cell_name
from lh_eval.tasks.building.ruler_task import Cell, Form, RulerTask, Writer
from lh_eval.tasks.building.ruler_texts import ruler_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Question(NamedTuple):
    """A question over documents.

    text: what is asked.
    answers: right answers.
    gold: numbers of the documents that answer it.
    near: numbers of those that are put around them first.
    """

    text: str
    answers: tuple[str, ...]
    gold: tuple[int, ...]
    near: tuple[int, ...] = ()


class Library(NamedTuple):
    """Documents, and questions over them."""

    documents: list[str]
    questions: list[Question]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerQuestions(RulerTask):
    """A data set's questions in their order; those whose own documents do not fit are passed over."""

    tokens: ClassVar[int] = 32

    @abc.abstractmethod
    def library(self) -> Library:
        """The data set, the same object for the same options."""

    @property
    def scoring(self) -> str:
        """Upstream takes any right answer; lm-eval's share of them is of one text the share of all."""
        return "substring:need=one" if self.upstream else "substring"

    @property
    def cell(self) -> str:
        """As there, whatever place its data has."""
        return cell_name(self)

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        fitting = 0
        for question in range(len(self.library().questions)):
            try:
                sample = super().sample(tokenizer, length=length, depth=depth, trial=question, seed=seed)
            except InputError:
                if question == len(self.library().questions) - 1 and not fitting:
                    raise
                continue
            fitting += 1
            if fitting > trial:
                return sample
        raise InputError(
            f"trial must be below {fitting}, as many questions as fit into {length} tokens, got {trial}; "
            "take fewer trials or a greater length"
        )

    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw an order of the documents around a question's own, and one for each number of them."""
        texts, library = ruler_texts(), self.library()
        question = library.questions[cell.trial]
        near = [question.near[i] for i in rng.permutation(len(question.near))]
        others = np.setdiff1d(np.arange(len(library.documents)), [*question.gold, *near])
        order = [*question.gold, *near, *rng.permutation(others).tolist()]
        seed = int(rng.integers(2**32))
        before, after = texts.qa.split("{context}")

        def write(steps: int) -> Form:
            count = len(question.gold) + steps if self.upstream else max(10 * steps, len(question.gold))
            shuffled = np.random.default_rng((seed, count)).permutation(order[:count]).tolist()
            writer = Writer()
            writer.add(before)
            first, needles = writer.size, []
            for number, document in enumerate(shuffled, 1):
                place = writer.add(
                    ("\n\n" if number > 1 else "")
                    + texts.document.replace("{i}", str(number)).replace("{document}", library.documents[document])
                )
                if document in question.gold:
                    needles.append((place[0] + 2 * (number > 1), place[1]))
            last = writer.size
            writer.add(after.replace("{query}", question.text))
            measured = None if self.upstream else writer.text
            prefix, _ = writer.add(f" {texts.qa_prefix}")
            return Form(writer.text, (first, last), prefix, needles, question.answers, (), measured)

        return write

    def most(self, length: int) -> int:
        """As many steps as there are documents for."""
        documents = len(self.library().documents)
        least = len(self.library().questions[0].gold)
        return min(length, documents - least if self.upstream else documents // 10)
