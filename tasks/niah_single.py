"""RULER's single-needle tasks: one key, one value, in noise or in prose."""

import dataclasses
from typing import ClassVar

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.vocabulary import TextKind
from lh_eval.tasks.niah import HaystackOption, NiahTask


@TASKS.register("niah_single_1")
@dataclasses.dataclass(frozen=True)
class NiahSingle1(HaystackOption, NiahTask):
    """One seven-digit number, named by a word, in five sentences repeated over and over.

    Measures: retrieval where nothing else stands out.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (S-NIAH, as the passkey).

    Attributes:
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_single_1"
    haystack: str = "noise"


@TASKS.register("niah_single_2")
@dataclasses.dataclass(frozen=True)
class NiahSingle2(HaystackOption, NiahTask):
    """One seven-digit number, named by a word, in prose.

    Measures: retrieval from real text.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (S-NIAH, the vanilla needle).

    Attributes:
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_single_2"
    haystack: str = "prose"


@TASKS.register("niah_single_3")
@dataclasses.dataclass(frozen=True)
class NiahSingle3(HaystackOption, NiahTask):
    """One UUID, named by a word, in prose.

    Measures: retrieval of a long value, to the last of its 32 digits.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (S-NIAH with UUIDs).

    Attributes:
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_single_3"
    value_kind: ClassVar[TextKind] = "uuid"
    haystack: str = "prose"
