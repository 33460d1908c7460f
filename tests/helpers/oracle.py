"""Lighthouse attention once more, as slow loops over one head, written from the definition and sharing no code.

Entries are pairs (level, i); order keys are exact fractions; levels, tiles, selection and scatter are plain loops.
"""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lh_eval import LighthouseConfig


class Entry(NamedTuple):
    """One gathered entry; `key` is its place in causal order."""

    key: Fraction
    level: int
    i: int


def padded(tokens: int, config: LighthouseConfig) -> int:
    window = config.pooling_factor ** (config.num_levels - 1)
    while tokens % window:
        tokens += 1
    return tokens


def gathered_entries(query: np.ndarray, key: np.ndarray, config: LighthouseConfig) -> list[Entry]:
    """Entries of one head in causal order, from its float32 token scores [N]."""
    p, last = config.pooling_factor, config.num_levels - 1
    tokens = len(query)

    def score(scores: np.ndarray, level: int, i: int) -> float:
        window = range(i * p**level, (i + 1) * p**level)
        return max(float(scores[t]) if t < tokens else -np.inf for t in window)

    def best(scores: np.ndarray, level: int, pool: list[int], count: int) -> list[int]:
        ranked = sorted(pool, key=lambda i: (i * p**level >= forced, -score(scores, level, i), i))
        return ranked[:count]

    forced = p**last - 1 if config.cover_prefix else 0
    tile_k = config.k if config.selection == "global" else min(config.tile_k, config.k)
    entries = []
    for tile in np.array_split(np.arange(padded(tokens, config) // p**last), max(1, config.k // tile_k)):
        candidates = [int(i) for i in tile]
        for level in range(last, 0, -1):
            kept = best(query, level, candidates, tile_k // 2)
            kept += best(key, level, [i for i in candidates if i not in kept], tile_k // 2)
            for i in candidates:
                behind = (i + 1) * p**level - Fraction(1, 2**level)
                entries.append(Entry(behind if i in kept else Fraction(i * p**level), level, i))
            candidates = [i * p + child for i in sorted(kept) for child in range(p)]
        entries += [Entry(Fraction(i), 0, i) for i in candidates]
    return sorted(entries)


def flat_index(entry: Entry, tokens: int, config: LighthouseConfig) -> int:
    whole = padded(tokens, config)
    return sum(whole // config.pooling_factor**level for level in range(entry.level)) + entry.i


def attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, entries: list[Entry], config: LighthouseConfig, scale: float
) -> np.ndarray:
    """Output [N, D] of one head in float64; q, k and v are [N, D]."""
    tokens, dim = q.shape
    p = config.pooling_factor

    def pooled(x: np.ndarray, entry: Entry) -> np.ndarray:
        total = np.zeros(dim)
        for t in range(entry.i * p**entry.level, (entry.i + 1) * p**entry.level):
            total += x[t] if t < tokens else 0.0
        return total / p**entry.level

    queries, keys, values = (np.array([pooled(x, entry) for entry in entries]) for x in (q, k, v))
    out = np.zeros((tokens, dim))
    for slot, entry in enumerate(entries):
        logits = keys[: slot + 1] @ queries[slot] * scale
        weights = np.exp(logits - logits.max())
        row = weights @ values[: slot + 1] / weights.sum()
        width = p**entry.level
        for t in range(entry.i * width + width - 1, entry.i * width + 2 * width - 1):
            if t < tokens:
                out[t] += row
    return out


def contributions(entries: list[Entry], tokens: int, config: LighthouseConfig) -> list[int]:
    """Number of entries whose output reaches each position."""
    counts = [0] * tokens
    for entry in entries:
        width = config.pooling_factor**entry.level
        for t in range(entry.i * width + width - 1, entry.i * width + 2 * width - 1):
            if t < tokens:
                counts[t] += 1
    return counts


def as_entries(indices: Any, tokens: int, config: LighthouseConfig) -> list[tuple[int, int]]:
    """(level, i) of flat indices."""
    pairs = []
    for index in (int(index) for index in indices):
        size, level = padded(tokens, config), 0
        while index >= size:
            index, size, level = index - size, size // config.pooling_factor, level + 1
        pairs.append((level, index))
    return pairs
