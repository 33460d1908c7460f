"""What needles are hidden in: repeated noise, alphanumeric words, prose, or other needles; exact in tokens."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lh_eval.tasks.building.filler import Filler, draw_filler
from lh_eval.tasks.building.haystack_text import prose
from lh_eval.tasks.building.pools import Pool, pool_of
from lh_eval.tasks.building.units import begins_word
from lh_eval.tasks.building.vocabulary import TextKind, vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_NOISE = (
    " Rain falls on the roof.",
    " The river runs to the sea.",
    " Lamps are lit at dusk.",
    " On and on we walk.",
    " Then home once more.",
)

FIXED = 3  # the parts of a record that are neither key nor value


def draw_haystack(kind: str, tokenizer: "PreTrainedTokenizerBase", n: int, rng: np.random.Generator) -> Filler:
    """Draw n tokens of a haystack.

    Args:
        kind: `noise`, `words`, `prose`, or what `prose` takes as its source.
        tokenizer: a transformers tokenizer.
        n: its tokens, 0 or more.
        rng: where it is drawn from.

    Raises:
        InputError: there is no such haystack, or the tokenizer makes no tokens of it.
    """
    match kind:
        case "noise":
            return noise(tokenizer, n)
        case "words":
            return draw_filler(tokenizer, n, rng)
        case "prose":
            return prose(tokenizer, n, rng)
        case _:
            return prose(tokenizer, n, rng, source=kind)


def noise(tokenizer: "PreTrainedTokenizerBase", n: int) -> Filler:
    """The same five short sentences over and over, the last one cut where n tokens end."""
    pool = pool_of(tokenizer, "the sentences of noise", lambda: _NOISE)
    rounds = 1 + n // len(pool.ids)
    ids, starts = pool.join(np.tile(np.arange(len(_NOISE)), rounds))
    words = np.tile(begins_word(tokenizer, pool.ids), rounds)[:n].nonzero()[0]
    return Filler(ids[:n], np.append(starts[starts < n], n), words)


class Records(NamedTuple):
    """A haystack of records.

    filler: its tokens; they begin with noise, as much as the whole records leave over.
    keys: [R] number of each record's key in its vocabulary, distinct as long as that has enough.
    values: [R] number of each one's value, likewise.
    starts: [R] where each record begins in the filler.
    ends: [R] index after its last token.
    """

    filler: Filler
    keys: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class RecordTemplate(NamedTuple):
    """A record's text: `{before} {key}{between} {value}{after}`.

    before, between, after: its fixed parts; the first with the space or line break before the record.
    key_kind, value_kind: what key and value are drawn from.
    """

    before: str
    between: str
    after: str
    key_kind: TextKind
    value_kind: TextKind

    def text(self, key: str, value: str) -> str:
        """A record as text."""
        return f"{self.before} {key}{self.between} {value}{self.after}"

    def pool(self, tokenizer: "PreTrainedTokenizerBase") -> Pool:
        """The parts as tokens: the three fixed ones, the keys, and the values where they are of another kind."""
        return pool_of(tokenizer, f"records such as {self.text(self.key_kind, self.value_kind)!r}", self._texts)

    def _texts(self) -> list[str]:
        kinds = dict.fromkeys((self.key_kind, self.value_kind))
        words = [f" {text}" for kind in kinds for text in vocabulary(kind)]
        return [self.before, self.between, self.after, *words]

    def draw(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        n: int,
        rng: np.random.Generator,
        *,
        taken: tuple[list[str], list[str]] = ([], []),
    ) -> Records:
        """Draw whole records until n tokens hold no further one.

        Args:
            tokenizer: a transformers tokenizer.
            n: tokens, 0 or more.
            rng: where keys and values are drawn from.
            taken: keys and values that do not occur.
        """
        pool = self.pool(tokenizer)
        keys, values = vocabulary(self.key_kind), vocabulary(self.value_kind)
        same = self.key_kind == self.value_kind
        value_base = FIXED if same else FIXED + len(keys)
        most = 1 + n // int(pool.lengths[:FIXED].sum() + pool.lengths[FIXED:].min() + pool.lengths[value_base:].min())
        if same:
            drawn = _draw(rng, keys, [*taken[0], *taken[1]], 2 * most)
            key_picks, value_picks = drawn[:most], drawn[most:]
        else:
            key_picks, value_picks = _draw(rng, keys, taken[0], most), _draw(rng, values, taken[1], most)

        parts = np.zeros((most, 5), dtype=np.int64)
        parts[:, 2], parts[:, 4] = 1, 2
        parts[:, 1], parts[:, 3] = FIXED + key_picks, value_base + value_picks
        ends = pool.lengths[parts].sum(1).cumsum()
        count = int(np.searchsorted(ends, n, side="right"))
        ids, starts = pool.join(parts[:count].ravel())
        rest = noise(tokenizer, n - len(ids)).ids
        starts, ends = starts[::5] + len(rest), ends[:count] + len(rest)
        filler = Filler(np.concatenate([rest, ids]), np.unique(np.concatenate([[0], starts, [n]])))
        return Records(filler, key_picks[:count], value_picks[:count], starts, ends)


def _draw(rng: np.random.Generator, texts: list[str], taken: list[str], count: int) -> np.ndarray:
    """Numbers of `count` texts that are not taken, none twice before each came once."""
    free = np.delete(np.arange(len(texts)), [texts.index(text) for text in taken])
    rounds = -(-count // len(free))
    return np.concatenate([rng.permutation(free) for _ in range(rounds)])[:count]
