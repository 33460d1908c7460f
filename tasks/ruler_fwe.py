"""RULER's frequent words in its own form: a coded text whose words' frequencies follow a zeta distribution."""

import dataclasses
import string
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.ruler_task import Cell, Form, RulerTask, Writer
from lh_eval.tasks.building.ruler_texts import ruler_texts

_LETTERS = 6
_ASKED = 3
_ALPHA = 2.0
_DOTS = "..."


@TASKS.register("ruler_fwe")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerFrequentWords(RulerTask):
    """RULER's fwe in its own form: words of six letters, the three most frequent asked for, dots in the first rank.

    Measures: counting over the whole context where frequencies are close, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_fwe"
    haystack: ClassVar[str] = "needles"
    tokens: ClassVar[int] = 50

    def room(self, length: int) -> int:
        """Tokens of a length that a prompt may take: lm-eval's all of them."""
        return length - self.tokens if self.upstream else length

    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw the words."""
        from scipy.special import zeta

        texts, room = ruler_texts(), self.room(cell.length)
        size = room // 50
        if size <= _ASKED + 1:
            raise InputError(f"length must be at least {_LETTERS * 50} tokens for ruler_fwe, got {cell.length}")
        # one by one, so that the frequent words are the same at every length that draws alike
        codes = list(dict.fromkeys(rng.integers(26**_LETTERS, size=2 * size).tolist()))[: size - 1]
        words = ["".join(string.ascii_lowercase[code // 26**i % 26] for i in range(_LETTERS)) for code in codes]
        ranks = [_DOTS, *words]
        shares = np.arange(1, size + 1) ** -_ALPHA / zeta(_ALPHA)
        step, seed = max(1, room // 32), int(rng.integers(2**32))
        before, after = texts.fwe.split("{context}")
        answers = tuple(ranks[1 : 1 + _ASKED])

        def write(steps: int) -> Form:
            # as RULER grows and shrinks it, from a sixth of the room on
            counts = ((room // _LETTERS % step + step * (steps + 1)) * shares).astype(np.int64)
            items = np.random.default_rng((seed, steps)).permutation(np.arange(size).repeat(counts)).tolist()
            writer = Writer()
            writer.add(before)
            first = writer.size
            places: dict[str, tuple[int, int]] = {}
            for number, item in enumerate(items):
                writer.add(" " if number else "")
                place = writer.add(ranks[item])
                places.setdefault(ranks[item], place)
            last = writer.size
            writer.add(after)
            prefix, _ = writer.add(texts.fwe_prefix)
            needles = [places[word] for word in answers if word in places]
            return Form(writer.text, (first, last), prefix, needles, answers, tuple(counts[1 : 1 + _ASKED].tolist()))

        return write
