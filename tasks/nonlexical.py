"""Non-lexical needles: a sight is in the needle, its country in the question, and no word is in both."""

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import PEOPLE
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# sight -> country, each country once; no sight bears its country's name
SIGHTS = {
    "the Eiffel Tower": "France",
    "the Colosseum": "Italy",
    "the Brandenburg Gate": "Germany",
    "the Sagrada Familia": "Spain",
    "the Acropolis": "Greece",
    "the Taj Mahal": "India",
    "Mount Fuji": "Japan",
    "the Forbidden City": "China",
    "the Great Sphinx of Giza": "Egypt",
    "Mount Rushmore": "the United States",
    "the CN Tower": "Canada",
    "Chichen Itza": "Mexico",
    "Machu Picchu": "Peru",
    "the statue of Christ the Redeemer": "Brazil",
    "the Sydney Opera House": "Australia",
    "Table Mountain": "South Africa",
    "the Hagia Sophia": "Turkey",
    "the rock city of Petra": "Jordan",
    "Angkor Wat": "Cambodia",
    "the Petronas Towers": "Malaysia",
    "Stonehenge": "England",
    "the Little Mermaid of Copenhagen": "Denmark",
    "the Atomium": "Belgium",
    "the Kinderdijk windmills": "the Netherlands",
    "Schoenbrunn Palace": "Austria",
    "the Charles Bridge of Prague": "the Czech Republic",
    "the Kremlin": "Russia",
    "the Burj Khalifa": "the United Arab Emirates",
    "the Casbah of Marrakesh": "Morocco",
    "the Cliffs of Moher": "Ireland",
    "the Matterhorn": "Switzerland",
    "the Tower of Belem": "Portugal",
}


@TASKS.register("nonlexical")
@dataclasses.dataclass(frozen=True)
class Nonlexical(PlannedTask):
    """A name in prose, known by a sight in the needle and by that sight's country in the question.

    Measures: retrieval by meaning, where no word of the question is in the needle.
    Source: after NoLiMa, Modarressi et al. 2025, arXiv:2502.05167, section 3; facts and wording of lh_eval.

    Attributes:
        distractors: other people at sights of other countries; they lie anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "nonlexical"
    distractors: int = 3
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("distractors", self.distractors, 0, len(PEOPLE) - 1)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw people and sights; the first one's country is asked for."""
        people = [PEOPLE[pick] for pick in rng.choice(len(PEOPLE), size=1 + self.distractors, replace=False)]
        sights = [list(SIGHTS)[pick] for pick in rng.choice(len(SIGHTS), size=len(people), replace=False)]
        needle, *distractors = [
            f" {person} has a balcony that looks onto {sight}." for person, sight in zip(people, sights, strict=True)
        ]
        country = SIGHTS[sights[0]]
        return Plan(
            intro="Read the text below with care: it tells of homes, and at its end you are asked for a name.\n",
            needles=(needle,),
            distractors=tuple(distractors),
            question=f"\nWho among them lives in {country}? The name of the person who lives in {country} is",
            answers=(people[0],),
            scoring="any",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )
