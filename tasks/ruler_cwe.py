"""RULER's common words in its own form: a numbered list, upstream's behind a worked example."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.ruler_task import Cell, Form, RulerTask, Writer
from lh_eval.tasks.building.ruler_texts import ruler_texts
from lh_eval.tasks.building.ruler_words import wonder_words

_COMMON = 10
_SHORT = 4096  # tokens below which words come less often


@TASKS.register("ruler_cwe")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerCommonWords(RulerTask):
    """RULER's cwe in its own form: ten words that come ten times as often as the others, in a numbered list.

    They come 30 times and the others 3 times, below 4096 tokens 6 times and once. Lengths that take more words than
    wonderwords has are refused: there upstream takes another list, and lm-eval leaves the prompt short.

    Measures: counting over the whole context, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_cwe"
    haystack: ClassVar[str] = "needles"
    tokens: ClassVar[int] = 120

    @property
    def data_sha256(self) -> str:
        """Hash of the texts and words."""
        return super().data_sha256 + wonder_words().sha256

    def most(self, length: int) -> int:  # noqa: ARG002
        """As many steps as there are words for."""
        words = len(wonder_words().all)
        return words - _COMMON - 1 if self.upstream else words // 10 - 2

    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw an order of all words for the list, and one for the example."""
        texts, words = ruler_texts(), wonder_words().all
        often, rarely, shown, shown_often, shown_rarely = (
            (6, 1, 20, 3, 1) if cell.length < _SHORT else (30, 3, 40, 10, 3)
        )
        example = [words[i] for i in rng.choice(len(words), size=shown, replace=False)]
        order = [words[i] for i in rng.permutation(len(words))]
        seed = int(rng.integers(2**32))
        before, after = texts.cwe.split("{context}")
        listed = _numbered(_shuffled(example, shown_often, shown_rarely, seed))
        ahead = f"{before}{listed}{after}{texts.cwe_prefix} {_numbered(example[:_COMMON])}\n"
        answers = tuple(order[:_COMMON])

        def write(steps: int) -> Form:
            # lm-eval's list grows by ten words, and one of ten alone has no rare ones
            count = _COMMON + 1 + steps if self.upstream else 10 * (steps + 2)
            items = _shuffled(order[:count], often, rarely, seed)
            writer = Writer()
            writer.add((ahead if self.upstream else "") + before)
            first = writer.size
            places: dict[str, tuple[int, int]] = {}
            for number, word in enumerate(items):
                writer.add(f"{' ' if number else ''}{number + 1}. ")
                place = writer.add(word)
                places.setdefault(word, place)
            last = writer.size
            # lm-eval's answer begins a paragraph of its own
            writer.add(after)
            prefix, _ = writer.add(texts.cwe_prefix if self.upstream else f"\n\n{texts.cwe_prefix.strip()}")
            measured = None if self.upstream else f"{ahead}{writer.text} {_numbered(list(answers))}"
            found = [places[word] for word in answers]
            return Form(writer.text, (first, last), prefix, found, answers, (), measured)

        return write


def _shuffled(words: list[str], often: int, rarely: int, seed: int) -> list[str]:
    """The first ten words often and the others rarely, in an order of its own for each number of words."""
    items = words[:_COMMON] * often + words[_COMMON:] * rarely
    return [items[i] for i in np.random.default_rng((seed, len(items))).permutation(len(items))]


def _numbered(words: list[str]) -> str:
    return " ".join(f"{number}. {word}" for number, word in enumerate(words, 1))
