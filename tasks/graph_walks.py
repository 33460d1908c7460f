"""GraphWalks: a directed graph as a list of edges, and a search forward or a look back in it."""

import abc
import dataclasses
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.graph import draw_graph, node_names, node_texts
from lh_eval.tasks.building.haystack import noise
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import generated_sample, spec_of
from lh_eval.tasks.building.standing import times_standing
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INTRO = "Read the directed graph below with care: each line is an edge, and at its end you are asked about it.\n"
_MOST = 12  # right nodes


class Found(NamedTuple):
    """What is right about a graph.

    nodes: those that are asked for.
    edges: numbers of the edges that say so.
    """

    nodes: list[int]
    edges: list[int]


@dataclasses.dataclass(frozen=True)
class _GraphWalks(abc.ABC):
    """As many nodes as the length holds, each with `degree` edges; the first one is asked about."""

    name: ClassVar[str]
    uses_depth: ClassVar[bool] = False
    haystack: ClassVar[str] = "needles"
    degree: int = 2

    def __post_init__(self) -> None:
        check_count("degree", self.degree, 1, 3)

    @abc.abstractmethod
    def question(self, node: str) -> str:
        """What is asked about a node; ends where the answer follows."""

    @abc.abstractmethod
    def find(self, edges: np.ndarray) -> Found:
        """What is right about node 0 of edges [E, 2]; their nodes may be none."""

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = sample_rng(spec_of(self.name, self), length=length, depth=depth, trial=trial, seed=seed)
        order = node_names(rng)
        asked = self.question(node_texts()[order[0]])
        head, question = [*leading_special_ids(tokenizer), *encode(tokenizer, INTRO)], encode(tokenizer, asked)
        room = length - len(head) - len(question)
        found = Found([], [])
        while not 0 < len(found.nodes) <= _MOST:
            graph = draw_graph(tokenizer, room, self.degree, order, rng)
            found = self.find(graph.edges)
        rest = noise(tokenizer, room - len(graph.ids)).ids
        opening = len(head) + len(rest)
        answers = tuple(graph.names[node] for node in found.nodes)
        again = [times_standing(answer, asked) for answer in answers]
        return generated_sample(
            tokenizer,
            context_ids=[*head, *rest.tolist(), *graph.ids.tolist()],
            question_ids=question,
            answers=answers,
            scoring="f1",
            spans=[(opening + int(graph.starts[i]), opening + int(graph.ends[i])) for i in found.edges],
            opening=opening,
            placed=False,
            stands=tuple(map(sum, zip(graph.standings(found.nodes), again, strict=True))),
        )


@TASKS.register("graphwalks_bfs")
@dataclasses.dataclass(frozen=True)
class GraphWalksBfs(_GraphWalks):
    """Edges of a directed graph in a random order; the nodes that a breadth-first search reaches in so many steps.

    Measures: multi-hop search over the whole context, by F1 of the set of nodes; the depth moves nothing.
    Source: GraphWalks, OpenAI 2025, huggingface.co/datasets/openai/graphwalks (MIT); graphs and words are our own.

    Attributes:
        degree: edges from each node.
        hops: steps; nodes that fewer lead to are not asked for.
    """

    name: ClassVar[str] = "graphwalks_bfs"
    hops: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("hops", self.hops, 1, 3)

    def question(self, node: str) -> str:
        """Forward from the node."""
        steps = "1 step" if self.hops == 1 else f"{self.hops} steps and not in fewer"
        return (
            f"\nWhich nodes does a breadth-first search from node {node} reach in {steps}? Parted by commas, "
            "these nodes are"
        )

    def find(self, edges: np.ndarray) -> Found:
        """Level by level."""
        seen, level, used = {0}, [0], list[int]()
        for _ in range(self.hops):
            out = np.isin(edges[:, 0], level).nonzero()[0]
            used += out.tolist()
            level = [node for node in dict.fromkeys(edges[out, 1].tolist()) if node not in seen]
            seen.update(level)
        return Found(level, used)


@TASKS.register("graphwalks_parents")
@dataclasses.dataclass(frozen=True)
class GraphWalksParents(_GraphWalks):
    """Edges of a directed graph in a random order; the nodes with an edge that leads to the asked one.

    Measures: retrieval of everything with one value, from any place, by F1 of the set; the depth moves nothing.
    Source: GraphWalks, OpenAI 2025, huggingface.co/datasets/openai/graphwalks (MIT); graphs and words are our own.

    Attributes:
        degree: edges from each node.
    """

    name: ClassVar[str] = "graphwalks_parents"

    def question(self, node: str) -> str:
        """Back from the node."""
        return f"\nWhich nodes have an edge that leads to node {node}? Parted by commas, these nodes are"

    def find(self, edges: np.ndarray) -> Found:
        """Edges to the node."""
        used = (edges[:, 1] == 0).nonzero()[0]
        return Found(edges[used, 0].tolist(), used.tolist())
