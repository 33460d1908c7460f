"""A random directed graph as a list of edges that fills a length: what GraphWalks' tasks ask about."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.building.pools import Pool, pool_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NODES = 16_384
_LEAST = 5  # nodes of the smallest graph
_FIXED = 2  # the pool's parts that are no nodes


class Graph(NamedTuple):
    """Edges in a random order, each node's `degree` to others.

    edges: [E, 2] the node that each leads from and to, numbers from 0 on.
    names: of each node.
    ids: token ids of the edges, one a line.
    starts: [E] where each begins in them.
    ends: [E] index after its last token.
    """

    edges: np.ndarray
    names: list[str]
    ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def standings(self, nodes: list[int]) -> list[int]:
        """How often each of the nodes stands in the edges."""
        return [int((self.edges == node).sum()) for node in nodes]


def node_names(rng: np.random.Generator) -> np.ndarray:
    """Numbers of the names in a random order; node i has the i-th."""
    return rng.permutation(NODES)


def draw_graph(
    tokenizer: "PreTrainedTokenizerBase", n: int, degree: int, order: np.ndarray, rng: np.random.Generator
) -> Graph:
    """Draw as many nodes as have room with their edges in n tokens.

    Raises:
        InputError: too few tokens, or more than there are names for.
    """
    pool, names = _pool(tokenizer), node_texts()
    nodes = min(NODES, max(0, n) // (degree * int(pool.lengths[:_FIXED].sum() + 2 * pool.lengths[_FIXED:].min())))
    while nodes >= _LEAST:
        edges = _edges(nodes, degree, rng)
        picks = np.zeros((len(edges), 4), dtype=np.int64)
        picks[:, 0::2] = np.arange(_FIXED)
        picks[:, 1::2] = _FIXED + order[edges]
        sizes = pool.lengths[picks].sum(1)
        over = int(sizes.sum()) - n
        if over <= 0:
            break
        nodes -= max(1, over // int(degree * sizes.max()))
    else:
        raise InputError(f"length must be greater, got one with room for fewer than {_LEAST} nodes; raise it")
    if nodes == NODES and -over > degree * int(sizes.max()):
        raise InputError(f"length must be at most what the edges of {NODES} nodes take, got more; raise option degree")
    ids, starts = pool.join(picks.ravel())
    ends = sizes.cumsum()
    return Graph(edges, [names[pick] for pick in order[:nodes]], ids, starts[::4], ends)


def node_texts() -> list[str]:
    """All names: eight hexadecimal digits, a letter ahead, the same on every machine."""
    codes = np.random.default_rng(0).choice(16**7, size=NODES, replace=False).tolist()
    return [f"{'abcdef'[code % 6]}{code:07x}" for code in codes]


def _pool(tokenizer: "PreTrainedTokenizerBase") -> Pool:
    return pool_of(tokenizer, "nodes of a graph", lambda: ["\n", " ->", *(f" {name}" for name in node_texts())])


def _edges(nodes: int, degree: int, rng: np.random.Generator) -> np.ndarray:
    """[nodes * degree, 2] edges in a random order: from each node to others, none twice and none to itself."""
    offsets = rng.integers(1, nodes, size=(nodes, degree))
    while (twice := (np.diff(np.sort(offsets), axis=1) == 0).any(1)).any():
        offsets[twice] = rng.integers(1, nodes, size=(int(twice.sum()), degree))
    sources = np.arange(nodes).repeat(degree)
    return rng.permutation(np.stack([sources, (sources + offsets.ravel()) % nodes], axis=1))
