"""Label count: how many of many labelled records have one label."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.haystack import noise
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import generated_sample, spec_of
from lh_eval.tasks.building.pools import pool_of
from lh_eval.tasks.building.vocabulary import PEOPLE, vocabulary
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LABELS = ("fragile", "urgent", "frozen", "oversized", "returned", "insured")
_ITEMS = 512
INTRO = "Read the records of parcels below with care: at their end you are asked how many of them have a label.\n"
QUESTION = "\nHow many of the parcels above are {label}? The number of parcels above that are {label} is"


@TASKS.register("label_count")
@dataclasses.dataclass(frozen=True)
class LabelCount:
    """Records of parcels, one a line and each with a label; how many have one of the labels must be said.

    Measures: aggregation over the whole context, with credit for a near count; the depth moves nothing.
    Source: OOLONG, Bertsch et al. 2025, arXiv:2511.02817 (counting, and its partial credit), over records of our own.

    Attributes:
        most: most records that have the label; it is from 1 on, whatever the length.
    """

    name: ClassVar[str] = "label_count"
    uses_depth: ClassVar[bool] = False
    haystack: ClassVar[str] = "needles"
    most: int = 20

    def __post_init__(self) -> None:
        check_count("most", self.most, 1, 1000)

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = sample_rng(spec_of(self.name, self), length=length, depth=depth, trial=trial, seed=seed)
        pool = pool_of(tokenizer, "records of parcels", _texts)
        asked = int(rng.integers(len(_LABELS)))
        head = [*leading_special_ids(tokenizer), *encode(tokenizer, INTRO)]
        question = encode(tokenizer, QUESTION.format(label=_LABELS[asked]))
        room = length - len(head) - len(question)

        # owner, item and label of each record, none with the asked label yet
        count = max(0, room) // int(pool.lengths.reshape(-1)[: len(PEOPLE)].min() + 2) + 1
        owners = rng.integers(len(PEOPLE), size=count)
        items = len(PEOPLE) + rng.integers(_ITEMS, size=count)
        labels = (asked + 1 + rng.integers(len(_LABELS) - 1, size=count)) % len(_LABELS)
        wanted = 1 + int(rng.integers(self.most))
        base = len(PEOPLE) + _ITEMS
        # sizes with the longest label, so that any may have the asked one
        sizes = pool.lengths[owners] + pool.lengths[items] + pool.lengths[base:].max()
        held = int(np.searchsorted(sizes.cumsum(), room, side="right"))
        if held < 2 * self.most:
            raise InputError(
                f"length must hold {2 * self.most} records, got {length}, which holds {held}; raise it or lower the "
                "option most"
            )
        labels[rng.choice(held, size=wanted, replace=False)] = asked
        picks = np.stack([owners, items, base + labels], axis=1)[:held]
        ids, starts = pool.join(picks.ravel())
        rest = noise(tokenizer, room - len(ids)).ids
        opening = len(head) + len(rest)
        begins, ends = opening + starts[::3], opening + np.append(starts[3::3], len(ids))
        return generated_sample(
            tokenizer,
            context_ids=[*head, *rest.tolist(), *ids.tolist()],
            question_ids=question,
            answers=(str(wanted),),
            scoring="count",
            spans=[(int(begins[i]), int(ends[i])) for i in (labels[:held] == asked).nonzero()[0]],
            opening=opening,
            placed=False,
            stands=(0,),
        )


def _texts() -> list[str]:
    """Beginnings, items and labels of records; no digit is in any."""
    items = vocabulary("word")[:: len(vocabulary("word")) // _ITEMS][:_ITEMS]
    return [f"\nParcel of {name}," for name in PEOPLE] + [f" {item}:" for item in items] + [f" {x}." for x in _LABELS]
