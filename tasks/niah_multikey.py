"""RULER's tasks with several keys of which one is asked for: some in prose, or a haystack made of them."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.vocabulary import TextKind
from lh_eval.tasks.niah import Counts, HaystackOption, NiahTask, Taken, check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("niah_multikey_1")
@dataclasses.dataclass(frozen=True)
class NiahMultikey1(HaystackOption, NiahTask):
    """One of several numbers in prose, picked by its key.

    Measures: retrieval by key among a few alike.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (MK-NIAH).

    Attributes:
        keys: keys in the context; the asked one lies at the sample's depth, the others anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_multikey_1"
    keys: int = 4
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("keys", self.keys, 1, 1000)

    def counts(self) -> Counts:
        """One of the keys is asked for."""
        return Counts(keys=self.keys)


class _InNeedles(NiahTask):
    """The haystack is made of records with other keys and values."""

    haystack: ClassVar[str] = "needles"

    def draw(self, tokenizer: "PreTrainedTokenizerBase", taken: Taken, n: int, rng: np.random.Generator) -> Filler:
        """Draw records; what they leave over is noise before them."""
        return self.template.draw(tokenizer, n, rng, taken=taken).filler


@TASKS.register("niah_multikey_2")
@dataclasses.dataclass(frozen=True)
class NiahMultikey2(_InNeedles):
    """One number, named by a word, among as many others as the length holds and nothing else.

    Measures: retrieval by key where all the context is alike.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (MK-NIAH, full of distractors).
    """

    name: ClassVar[str] = "niah_multikey_2"


@TASKS.register("niah_multikey_3")
@dataclasses.dataclass(frozen=True)
class NiahMultikey3(_InNeedles):
    """One UUID, named by a UUID, among as many others as the length holds and nothing else.

    Measures: retrieval by a key that looks like all others, of a value that does.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (MK-NIAH, full of distractors, UUIDs).
    """

    name: ClassVar[str] = "niah_multikey_3"
    key_kind: ClassVar[TextKind] = "uuid"
    value_kind: ClassVar[TextKind] = "uuid"
