"""One batch through the model: prompts read under the setting, their questions asked, answers read off.

Where a method's prefixes may be shared, contexts are read and questions asked on their caches, whatever the reading.
Where not, "prompt" reads context and question at once, and "context" the context alone.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from transformers import DynamicCache

from lh_eval.engine.answering import Answer, answer
from lh_eval.engine.asking import Asking
from lh_eval.engine.caches import Stack, repeated
from lh_eval.engine.prefilling import Prefiller
from lh_eval.engine.recall import Recall, SelectionRecall
from lh_eval.engine.spans import spans_of
from lh_eval.methods.pyramid import Pyramid
from lh_eval.modeling.memory import is_croppable, mixes_rows
from lh_eval.modeling.session import Prefill
from lh_eval.modeling.settling import Lens
from lh_eval.tasks.base import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Outcome(NamedTuple):
    """What the model did with a sample.

    answer: what it said, and how likely the right answer was to it.
    recall: which heads' selections held needle and question; None where nothing was selected.
    """

    answer: Answer
    recall: Recall | None


@torch.inference_mode()
def run_batch(
    prefiller: Prefiller,
    tokenizer: "PreTrainedTokenizerBase",
    samples: list[Sample],
    *,
    whole: bool = False,
    at_once: int | None = None,
    width: int | None = None,
    pyramid: Callable[[int], Pyramid | None] = lambda _: None,
    lens: Lens | None = None,
) -> list[Outcome]:
    """Run samples; each distinct context is read once.

    Args:
        prefiller: the model, and how it attends.
        tokenizer: its tokenizer.
        samples: the batch: contexts of one length and questions of one length, or, where a context may end anywhere,
            prompts of one length.
        whole: read context and question at once; prompts are of one length then.
        at_once: most questions that are answered at once; all if None.
        width: contexts that are read side by side, one such group after the other, and answered together as far as
            `at_once` allows; all if None. Only where prefixes are shared.
        pyramid: what kept positions stand for where so many tokens are read; see `Method.pyramid`.
        lens: takes settling depths, attached to the model; None for none.

    Returns:
        An outcome for each sample.

    Raises:
        InputError: the model gives no finite logit where one is looked at, or a sample cannot be answered.
    """
    if lens is not None:
        lens.forget()
    # causal attention does not care where a context ends: at the end of the shortest, all are of one length
    cut = min(len(sample.prompt_ids if whole else sample.context_ids) for sample in samples)
    begun = [sample.prompt_ids[:cut] for sample in samples]
    rows = _rows(begun, sharing=prefiller.sharing and not whole)
    batch = _Batch(prefiller, tokenizer, samples, rows, cut, whole, pyramid(cut), lens)
    contexts = [begun[batch.rows.index(row)] for row in range(max(batch.rows) + 1)]
    at_once, width = at_once or len(samples), width or len(contexts)
    if mixes_rows(prefiller.model):
        at_once = width = 1
    most = max(map(batch.rows.count, range(len(contexts))))
    together = not whole and prefiller.reader.shares_prefixes
    step = width * (max(1, at_once // most // width) if together else 1)
    for start in range(0, len(contexts), step):
        filled = batch.read(contexts[start : start + step], start, width)
        batch.answer(filled, range(start, len(contexts))[:step], at_once)
        del filled
    return [Outcome(batch.answers[index], batch.recalls.get(index)) for index in range(len(samples))]


@dataclasses.dataclass
class _Batch:
    """Samples on their way through the model, with what is known of each so far."""

    prefiller: Prefiller
    tokenizer: "PreTrainedTokenizerBase"
    samples: list[Sample]
    rows: list[int]  # of each sample's context
    cut: int  # tokens of each prompt that are read as its context
    whole: bool
    pyramid: Pyramid | None
    lens: Lens | None
    answers: dict[int, Answer] = dataclasses.field(default_factory=dict)
    recalls: dict[int, Recall | None] = dataclasses.field(default_factory=dict)

    def read(self, contexts: list[list[int]], begin: int, width: int) -> Prefill:
        """Read contexts, the first of which is row `begin`, `width` at a time."""
        stack = Stack()
        for start in range(0, len(contexts), width):
            part = contexts[start : start + width]
            first = begin + start
            indices = [index for index, row in enumerate(self.rows) if first <= row < first + len(part)]
            with self._observed(indices, [self.rows[index] - first for index in indices], question=self.whole):
                filled = self.prefiller.read(part, logits=self.whole)
            if len(part) == len(contexts):
                return filled
            stack.add(filled.cache)
        return Prefill(stack.join(), self.cut)

    def answer(self, filled: Prefill, rows: range, at_once: int) -> None:
        """Ask each context's samples in rounds, as many of every context at once as `at_once` allows."""
        asked = [[index for index, of in enumerate(self.rows) if of == row] for row in rows]
        most = max(map(len, asked))
        copyable = type(filled.cache) is DynamicCache
        repeats = min(most, max(1, at_once // len(asked))) if copyable else 1
        packs = self.prefiller.reader.packs and is_croppable(filled.cache)
        copies = 1 if packs else repeats  # where questions cannot lie side by side, rows are copied
        with repeated(filled.cache, copies) as wide:
            for indices in _rounds(asked, most, repeats):
                batch = [self.samples[index] for index in indices]
                asking = Asking(self.prefiller.model, filled._replace(cache=wide), repeats // copies, self.lens)
                with asking.branch() as branch:
                    logits = filled.logits
                    if logits is None:
                        logits = self._ask(branch, indices)
                        depths = branch.depths
                    else:
                        depths = None if self.lens is None else self.lens.take(len(logits))
                    last = None if depths is None else depths[:, -1]
                    self.answers |= zip(indices, answer(self.tokenizer, branch, batch, logits, last), strict=True)

    def _ask(self, branch: Asking, indices: list[int]) -> torch.Tensor:
        questions = [self.samples[index].prompt_ids[self.cut :] for index in indices]
        if not self.prefiller.reader.asks_under:
            return branch.read(questions)
        # the question sees what it sees, not what the context did
        with self._observed(indices, range(len(indices)), question=True):
            return branch.read(questions)

    @contextlib.contextmanager
    def _observed(self, indices: list[int], rows: Sequence[int], *, question: bool) -> Iterator[None]:
        """Take the recall of samples, in those rows of what is read within the block: with the question, or without."""
        spans = [spans_of(self.tokenizer, self.samples[index]) for index in indices]
        self.prefiller.reader.spans = spans if list(rows) == list(range(len(spans))) else ()
        recall = SelectionRecall(spans if question else [own.of_context() for own in spans], rows, self.pyramid)
        self.prefiller.reader.observe = recall
        try:
            yield
        finally:
            self.prefiller.reader.observe, self.prefiller.reader.spans = None, ()
        self.recalls |= zip(indices, recall.of_samples(), strict=True)


def _rows(contexts: list[list[int]], *, sharing: bool) -> list[int]:
    """The row of each sample's context in the prefill, equal contexts in one."""
    if not sharing:
        return list(range(len(contexts)))
    seen: dict[tuple[int, ...], int] = {}
    return [seen.setdefault(tuple(context), len(seen)) for context in contexts]


def _rounds(asked: list[list[int]], most: int, repeats: int) -> Iterator[list[int]]:
    """Samples of each round, `repeats` for each context; one with fewer questions gets its first again."""
    for start in range(0, most, repeats):
        parts = [indices[start : start + repeats] for indices in asked]
        padded = [part + indices[:1] * (repeats - len(part)) for part, indices in zip(parts, asked, strict=True)]
        yield list(itertools.chain.from_iterable(padded))
