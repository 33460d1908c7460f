"""Membership: did the gathered sequence hold needle, question and last token, how finely, and which heads dropped them?

Of a layer a few numbers a sample are kept, on the device: nothing waits for it until all is read.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch

from lh_eval.methods.pyramid import Pyramid
from lh_eval.modeling.spans import Span, Spans

_TOKENS = Pyramid(1, (0,))  # of a method that keeps nothing but tokens
_WATCHED = ("needle", "answer", "question", "last")
_NEEDLE, _ANSWER, _QUESTION, _LAST = range(len(_WATCHED))

Dropped = tuple[tuple[int, tuple[int, ...]], ...]
Resolution = tuple[float, ...]


class Recall(NamedTuple):
    """What became of one sample's tokens; None where it has none of that kind, or they were not read.

    share: of the (layer, head) pairs that held all tokens of all needles at level 0.
    dropped: the other pairs, as ((layer, (head, ...)), ...), both ascending.
    question: share of the pairs that held all tokens of the question.
    last: share of the pairs that held the last token.
    needle_levels: share of the needles' tokens, over all pairs, whose finest entry is of level 0, 1, ...; what is
        missing to 1 was not held at all.
    answer_levels: the same of the answer's tokens.
    question_levels: the same of the question's.
    """

    share: float | None
    dropped: Dropped | None
    question: float | None
    last: float | None
    needle_levels: Resolution | None
    answer_levels: Resolution | None
    question_levels: Resolution | None


class SelectionRecall:
    """Watches one read.

    Args:
        spans: what is looked for of each sample.
        rows: the prefill's row that each sample's context is.
        pyramid: what kept positions stand for; None where all of them are tokens.
    """

    def __init__(self, spans: Sequence[Spans], rows: Sequence[int], pyramid: Pyramid | None = None) -> None:
        self._spans = [tuple(getattr(of_sample, name) for name in _WATCHED) for of_sample in spans]
        self._pyramid = pyramid or _TOKENS
        tokens = [sorted({token for group in groups for token in _tokens(group)}) for groups in self._spans]
        most = max(map(len, tokens), default=0)
        self._rows = torch.tensor(rows, dtype=torch.long)
        # to one number of tokens each: what fills a sample up is in none of its groups
        filled = [[*own, *[0] * (most - len(own))] for own in tokens]
        places = torch.tensor(filled, dtype=torch.long).reshape(len(filled), most)
        levels = enumerate(self._pyramid.offsets)
        self._places = torch.cat([offset + places // self._pyramid.factor**level for level, offset in levels], dim=1)
        self._size = int(self._places.max()) + 1 if most else 0
        self._groups = torch.zeros(len(filled), len(_WATCHED), most, dtype=torch.bool)
        for sample, (own, groups) in enumerate(zip(tokens, self._spans, strict=True)):
            place = {token: number for number, token in enumerate(own)}
            for group, looked_for in enumerate(groups):
                self._groups[sample, group, [place[token] for token in _tokens(looked_for)]] = True
        self._held: dict[int, torch.Tensor] = {}
        self._levels: dict[int, torch.Tensor] = {}

    def __call__(self, layer: int, indices: torch.Tensor) -> None:
        """Take the positions [C, H, S] that a layer keeps of C contexts; of what is read in parts, the last counts.

        What is no token's and no entry's is skipped.
        """
        if self._places.device != indices.device:
            self._rows, self._places, self._groups = (
                x.to(indices.device) for x in (self._rows, self._places, self._groups)
            )
        found = self._lookup(indices)
        exact = found[:, None, :, 0] | ~self._groups[:, :, None]
        self._held[layer] = exact.all(-1)  # [R, groups, H]
        finest = found & (found.cumsum(2) == 1)
        self._levels[layer] = (finest.sum(1)[:, None] * self._groups[:, :, None]).sum(-1)  # [R, groups, L]

    def _lookup(self, indices: torch.Tensor) -> torch.Tensor:
        """[R, H, L, M] whether the entry of each level that covers a looked-for token was kept."""
        C, H, _ = indices.shape
        inside = (indices >= 0) & (indices < self._size)
        kept = torch.zeros(C, H, self._size + 1, dtype=torch.bool, device=indices.device)
        kept.scatter_(2, torch.where(inside, indices, self._size).long(), True)
        heads = torch.arange(H, device=indices.device)[:, None]
        found = kept[self._rows[:, None, None], heads, self._places[:, None]]
        return found.unflatten(2, (len(self._pyramid.offsets), -1))

    def of_samples(self) -> list[Recall | None]:
        """Recall of each sample; None where no layer selected anything."""
        if not self._held:
            return [None] * len(self._spans)
        held = torch.stack(list(self._held.values()), dim=1)  # [R, layers, groups, H]
        shares, pairs = held.float().mean((1, 3)).tolist(), held[:, :, _NEEDLE].tolist()
        counts = torch.stack(list(self._levels.values())).sum(0).tolist()
        of_each = held.shape[1] * held.shape[3]
        return [self._of_sample(*found, of_each) for found in zip(self._spans, shares, pairs, counts, strict=True)]

    def _of_sample(
        self,
        spans: tuple[tuple[Span, ...], ...],
        shares: list[float],
        pairs: list[list[bool]],
        counts: list[list[int]],
        of_each: int,
    ) -> Recall:
        def share(group: int) -> float | None:
            return shares[group] if spans[group] else None

        def levels(group: int) -> Resolution | None:
            tokens = len(_tokens(spans[group])) * of_each
            return tuple(count / tokens for count in counts[group]) if tokens else None

        return Recall(
            share=share(_NEEDLE),
            dropped=self._dropped(pairs) if spans[_NEEDLE] else None,
            question=share(_QUESTION),
            last=share(_LAST),
            needle_levels=levels(_NEEDLE),
            answer_levels=levels(_ANSWER),
            question_levels=levels(_QUESTION),
        )

    def _dropped(self, held: list[list[bool]]) -> Dropped:
        """From whether each head of each layer holds the needles to the layers and heads that do not."""
        lost = (
            (layer, tuple(head for head, kept in enumerate(heads) if not kept))
            for layer, heads in zip(self._held, held, strict=True)
        )
        return tuple(sorted((layer, heads) for layer, heads in lost if heads))


def _tokens(spans: tuple[Span, ...]) -> set[int]:
    return set(itertools.chain.from_iterable(range(start, stop) for start, stop in spans))
