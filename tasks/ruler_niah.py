"""RULER's eight needle tasks in its own form: its texts, its keys, its places, its budget."""

import dataclasses
import functools
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.ruler_prose import essays
from lh_eval.tasks.building.ruler_task import Cell, Form, RulerTask, Writer, joined
from lh_eval.tasks.building.ruler_texts import ruler_texts
from lh_eval.tasks.building.ruler_words import draw_ruler, wonder_words
from lh_eval.tasks.building.standing import standings

_DEPTHS = np.round(np.linspace(0, 100, num=40)).astype(int)  # where needles may lie in a text, percent of its sentences


class _Needles(RulerTask):
    """Records with keys and values of a kind, in a haystack of records, of sentences over and over, or of a text."""

    tokens: ClassVar[int] = 128
    haystack: str
    keys: ClassVar[str] = "words"
    values: ClassVar[str] = "numbers"
    key_count: ClassVar[int] = 1
    value_count: ClassVar[int] = 1
    asked: ClassVar[int] = 1

    @property
    def data_sha256(self) -> str:
        """Hash of the texts, and of the words that keys are made of."""
        return f"{super().data_sha256}{wonder_words().sha256 if self.keys == 'words' else ''}"

    def draft(self, cell: Cell, rng: np.random.Generator) -> Callable[[int], Form]:
        """Draw keys and values, which are asked for, and where they lie."""
        texts = ruler_texts()
        key, value = draw_ruler(self.keys, rng), draw_ruler(self.values, rng)
        keys = [key() for _ in range(self.key_count)]
        values = [[value() for _ in range(self.value_count)] for _ in keys]

        def record(name: str, number: str) -> str:
            return texts.needle.format(type_needle_v=self.values, key=name, value=number)

        needles = [record(name, number) for name, numbers in zip(keys, values, strict=True) for number in numbers]
        order = rng.permutation(len(needles)).tolist()
        asked = rng.permutation(self.key_count)[: self.asked].tolist()
        names, answers = [keys[i] for i in asked], tuple(number for i in asked for number in values[i])
        single = len(answers) == 1
        template, kind = texts.niah, self.values.removesuffix("s") if single else self.values
        for old, new in texts.singular if single else ():
            template = template.replace(old, new)
        query = ", ".join(names[:-1]) + ", and " + names[-1] if len(names) > 1 else names[0]
        before, after = (part.format(type_needle_v=kind, query=query) for part in template.split("{context}"))
        prefix = " " + texts.niah_prefixes[not single].format(type_needle_v=kind, query=query)
        wanted = {record(keys[i], number) for i in asked for number in values[i]}
        placed = [(needles[i], needles[i] in wanted) for i in order]
        context = self._context(rng, placed, lambda: record(key(), value()))

        def write(steps: int) -> Form:
            writer = Writer()
            writer.add(before)
            pieces, between = context(self._units(steps, cell.length))
            first = writer.size
            found = joined(writer, pieces, between)
            last = writer.size
            writer.add(after)
            measured = None if self.upstream else writer.text
            asked_to, _ = writer.add(prefix)
            return Form(writer.text, (first, last), asked_to, found, answers, standings(answers, wanted), measured)

        return write

    def _units(self, steps: int, length: int) -> int:
        """Words, sentences or records of so many steps: upstream's grow one by one from the needles' number on."""
        if self.upstream:
            return self.key_count * self.value_count + steps
        prose = self.haystack not in ("noise", "needles")
        step = 500 if prose else 25 if length >= 4096 else 5
        units = (steps + 1) * step
        return min(units, len(essays(self.haystack).words)) if prose else units

    def _context(
        self, rng: np.random.Generator, needles: list[tuple[str, bool]], record: Callable[[], str]
    ) -> Callable[[int], tuple[list[tuple[str, bool]], str]]:
        """What makes a context of so many units: its pieces, marked where they are asked for, and what joins them."""
        if self.haystack not in ("noise", "needles"):
            depths = np.sort(rng.choice(_DEPTHS, size=len(needles), replace=False)).tolist()
            return functools.partial(_in_prose, self.haystack, needles, depths)
        seed, records = int(rng.integers(2**32)), list[str]()

        def lines(units: int) -> tuple[list[tuple[str, bool]], str]:
            if self.haystack == "noise":
                pieces = [(ruler_texts().noise, False)] * units
            else:
                records.extend(record() for _ in range(units - len(records)))
                pieces = [(text, False) for text in records[:units]]
            places = np.random.default_rng((seed, units)).choice(units, size=len(needles), replace=False)
            for place, needle in zip(sorted(places.tolist(), reverse=True), needles, strict=True):
                pieces.insert(place, needle)
            return pieces, "\n"

        return lines


def _in_prose(
    source: str, needles: list[tuple[str, bool]], depths: list[int], words: int
) -> tuple[list[tuple[str, bool]], str]:
    sentences = essays(source).sentences(words)
    cuts = [0, *(int(len(sentences) * (depth / 100)) for depth in depths), len(sentences)]
    pieces = []
    for i, needle in enumerate([*needles, None]):
        pieces.append((" ".join(sentences[cuts[i] : cuts[i + 1]]), False))
        if needle is not None:
            pieces.append(needle)
    return pieces, " "


@dataclasses.dataclass(frozen=True, kw_only=True)
class _InProse(_Needles):
    """Needles in a text.

    Attributes:
        haystack: the text, from its beginning on; RULER's are essays that are not ours to ship.
    """

    haystack: str = "prose"


class _InNoise(_Needles):
    haystack: ClassVar[str] = "noise"  # type: ignore[misc]


class _InNeedles(_Needles):
    haystack: ClassVar[str] = "needles"  # type: ignore[misc]


@TASKS.register("ruler_niah_single_1")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerSingle1(_InNoise):
    """RULER's niah_single_1 in its own form: a number, named by a word, in sentences over and over.

    Measures: retrieval where nothing else stands out, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_single_1"


@TASKS.register("ruler_niah_single_2")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerSingle2(_InProse):
    """RULER's niah_single_2 in its own form: a number, named by a word, in a text.

    Measures: retrieval from real text, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_single_2"


@TASKS.register("ruler_niah_single_3")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerSingle3(_InProse):
    """RULER's niah_single_3 in its own form: a UUID, named by a word, in a text.

    Measures: retrieval of a long value, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_single_3"
    values: ClassVar[str] = "uuids"


@TASKS.register("ruler_niah_multikey_1")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerMultikey1(_InProse):
    """RULER's niah_multikey_1 in its own form: one of four numbers in a text.

    Measures: retrieval by key among a few alike, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_multikey_1"
    key_count: ClassVar[int] = 4


@TASKS.register("ruler_niah_multikey_2")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerMultikey2(_InNeedles):
    """RULER's niah_multikey_2 in its own form: a number, named by a word, among records alike, one a line.

    Measures: retrieval by key where all the context is alike, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_multikey_2"


@TASKS.register("ruler_niah_multikey_3")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerMultikey3(_InNeedles):
    """RULER's niah_multikey_3 in its own form: a UUID, named by a UUID, among records alike, one a line.

    Measures: retrieval by a key that looks like all others, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_multikey_3"
    keys: ClassVar[str] = "uuids"
    values: ClassVar[str] = "uuids"


@TASKS.register("ruler_niah_multivalue")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerMultivalue(_InProse):
    """RULER's niah_multivalue in its own form: the four numbers of one word in a text.

    Measures: whether everything that a key names is retrieved, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_multivalue"
    value_count: ClassVar[int] = 4


@TASKS.register("ruler_niah_multiquery")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerMultiquery(_InProse):
    """RULER's niah_multiquery in its own form: four numbers in a text, all asked for by their words.

    Measures: whether several retrievals succeed in one answer, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; its texts as lm-eval 0.4.13 has them, Apache 2.0.
    """

    name: ClassVar[str] = "ruler_niah_multiquery"
    key_count: ClassVar[int] = 4
    asked: ClassVar[int] = 4
