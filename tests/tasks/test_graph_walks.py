import re

import pytest

from lh_eval.errors import InputError
from lh_eval.scoring.base import score_text
from lh_eval.tasks.base import get_task

EDGE = re.compile(r"\n ([\da-f]{8}) -> ([\da-f]{8})")


def asked(tokenizer, spec, **changes):
    sample = get_task(spec).sample(tokenizer, **{"length": 3000, "depth": 0, "trial": 0, **changes})
    edges = EDGE.findall(tokenizer.decode(sample.context_ids))
    return sample, edges, re.search(r"node ([\da-f]{8})", tokenizer.decode(sample.question_ids))[1]


def reached(edges, node, hops):
    """In plain loops."""
    distance = {node: 0}
    for step in range(hops):
        for source, target in edges:
            if distance.get(source) == step:
                distance.setdefault(target, step + 1)
    return {name for name, found in distance.items() if found == hops}


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_what_a_search_reaches(tokenizer, hops):
    for trial in range(3):
        sample, edges, node = asked(tokenizer, f"graphwalks_bfs:hops={hops},degree=2", trial=trial)
        assert len(sample.prompt_ids) == 3000
        assert set(sample.answers) == reached(edges, node, hops)
        assert len(set(edges)) == len(edges) == 2 * len({source for source, _ in edges})
        assert all(source != target for source, target in edges)
        spans = [EDGE.fullmatch(tokenizer.decode(sample.prompt_ids[start:end])).groups() for start, end in sample.spans]
        assert {target for _, target in spans} >= set(sample.answers)
        assert score_text(sample.scoring, f" {', '.join(reversed(sample.answers))}\n", sample.answers) == 1.0


def test_what_leads_to_a_node(tokenizer):
    sample, edges, node = asked(tokenizer, "graphwalks_parents")
    assert set(sample.answers) == {source for source, target in edges if target == node}
    assert len(sample.spans) == len(sample.answers)


def test_the_graph_fills_the_length(tokenizers):
    sample, edges, _ = asked(tokenizers["byte"], "graphwalks_parents", length=8000)
    assert 8000 - sample.opening - len(sample.question_ids) == 22 * len(edges)
    assert sample.opening < 104 + 44 + 10


@pytest.mark.parametrize(
    ("spec", "length", "message"),
    [
        ("graphwalks_bfs", 300, "room for fewer than 5 nodes"),
        ("graphwalks_bfs:degree=1", 600_000, "the edges of 16384 nodes take"),
        ("graphwalks_bfs:hops=4", 3000, "hops must be from 1 to 3, got 4"),
        ("graphwalks_parents:degree=0", 3000, "degree must be from 1 to 3, got 0"),
    ],
)
def test_refusals(tokenizers, spec, length, message):
    with pytest.raises(InputError, match=message):
        asked(tokenizers["byte"], spec, length=length)
