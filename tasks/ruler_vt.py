"""RULER's variable tracking in its own form, its worked example ahead."""

import dataclasses
import itertools
import string
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.ruler_sample import Places
from lh_eval.tasks.building.ruler_task import Cell, Form, RulerTask, Writer, joined, largest_fitting
from lh_eval.tasks.building.ruler_texts import ruler_texts
from lh_eval.tasks.building.standing import standings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_HOPS = 4
_EXAMPLE = 500  # tokens of the example


@TASKS.register("ruler_vt")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerTracking(RulerTask):
    """RULER's vt in its own form: a number passed on through five variables, in sentences over and over.

    Measures: following a chain of references, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_vt"
    haystack: ClassVar[str] = "noise"
    tokens: ClassVar[int] = 30

    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw the chain and the example's."""
        shown, asked = self._names(rng, 3), self._names(rng, 5)
        values = [str(value) for value in 10_000 + rng.choice(89_999, size=2, replace=False)]
        seeds = rng.integers(2**32, size=2).tolist()
        example = self._example(cell.tokenizer, shown, values[0], seeds[0])

        def write(steps: int) -> Form:
            writer = Writer()
            writer.add(example)
            rounds = _HOPS + 1 + steps if self.upstream else 10 * (steps + 1)
            context, prefix, needles = self._write(writer, asked, values[1], rounds, seeds[1])
            text = writer.text if self.upstream else writer.text.rstrip()
            stands = standings(asked, [text[first:last] for first, last in needles])
            return Form(text, context, prefix, needles, tuple(asked), stands, writer.text)

        return write

    def _example(self, tokenizer: "PreTrainedTokenizerBase", names: list[str], value: str, seed: int) -> str:
        """A worked example with as much noise as it may have tokens."""
        answer = f" {' '.join(names)}"

        def write(steps: int) -> str:
            writer = Writer()
            self._write(writer, names, value, _HOPS + 1 + steps if self.upstream else 5 * (steps + 1), seed)
            return writer.text

        def size(steps: int) -> int:
            return len(encode(tokenizer, write(steps) + ("" if self.upstream else answer)))

        steps = largest_fitting(size, _EXAMPLE - (0 if self.upstream else self.tokens), _EXAMPLE)
        return f"{write(steps or 0)}{answer}" + ("\n\n" if self.upstream else "\n\n\n\n")

    def _names(self, rng: np.random.Generator, letters: int) -> list[str]:
        codes = rng.choice(26**letters, size=_HOPS + 1, replace=False).tolist()
        return ["".join(string.ascii_uppercase[code // 26**i % 26] for i in range(letters)) for code in codes]

    def _write(
        self, writer: Writer, names: list[str], value: str, rounds: int, seed: int
    ) -> tuple[Places, int, list[Places]]:
        """Append a text with its question and prefix; returns where context, prefix and assignments lie."""
        texts = ruler_texts()
        chain = [f"VAR {names[0]} = {value}"]
        chain += [f"VAR {name} = VAR {before} " for before, name in itertools.pairwise(names)]
        # lm-eval's noise ends its line, and a space begins the next
        noise, between = (texts.noise, "\n") if self.upstream else (f"{texts.noise}\n", " ")
        pieces = [(noise, False)] * rounds
        places = np.random.default_rng((seed, rounds)).choice(rounds, size=len(chain), replace=False)
        for number, (place, text) in enumerate(zip(sorted(places.tolist()), chain, strict=True)):
            pieces.insert(place + number, (text, True))
        before, after = texts.vt.split("{context}")
        writer.add(before)
        first = writer.size
        needles = joined(writer, pieces, between)
        context = first, writer.size
        writer.add(after.format(query=value))
        prefix = texts.vt_prefix.format(query=value, num_v=len(names))
        # upstream has the word right that lm-eval's copy has wrong
        start, _ = writer.add(prefix.replace("assgined", "assigned") if self.upstream else prefix)
        return context, start, needles
