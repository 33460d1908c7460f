"""The lines on what Lighthouse loses, from rows made here."""

import pytest

from lh_eval.cli.closing import lost_lines, recall_by_length
from lh_eval.store.run import read_run

NORM, POOLED = {"scorer": "norm", "k": 256}, {"scorer": "pooled-qk", "k": 256}


@pytest.fixture
def lines(make_run):
    """Of settings by name, each an attention and which needles it misses; dense finds all."""

    def make(**settings):
        runs = {"dense": read_run(make_run("dense"))}
        for name, (attention, missed) in settings.items():
            path = make_run(name, attention=attention, score=lambda *cell, missed=missed: not missed(*cell))
            runs[name] = read_run(path)
        return list(lost_lines(runs))

    return make


def test_nothing_lost_nothing_said(lines):
    assert lines(norm=(NORM, lambda *_: False)) == []


def test_lengths_that_lose_and_what_to_try(lines):
    said, to_try = lines(
        norm=(NORM, lambda length, depth, trial: length == 2048 and (depth or trial)),
        larger=(NORM | {"k": 512}, lambda length, depth, trial: (length, depth, trial) == (2048, 100, 0)),
    )
    assert said == "lost of the needles that dense finds: norm 2K 2 of 2 (and 1 of 2 at depth 0); larger 2K 1 of 2"
    assert to_try == "to try: --scorer pooled-qk, or a k above 512"


def test_what_was_tried_is_not_named_again(lines):
    missed = (lambda length, depth, trial: depth == 100,)
    assert lines(norm=(NORM, *missed), pooled=(POOLED, *missed))[1] == "to try: a k above 256"


def test_depth_0_alone_is_no_matter_of_the_scorer(lines):
    said, to_try = lines(norm=(NORM, lambda length, depth, trial: depth == 0 and length == 1024))
    assert said == "lost at depth 0 alone, of the needles that dense finds: norm 1K 2 of 2"
    assert "cover_prefix=true; the first positions may be empty, whatever the scorer" in to_try
    assert "pooled-qk" not in to_try


def test_other_methods_have_no_scorer_to_try(lines):
    assert lines(window=({"method": "window", "tokens": 64}, lambda *_: True)) == []


def test_recall_at_depth_0_stands_apart():
    cells = [
        {"length": 1024, "depth": depth, "selection_recall": recall}
        for depth, recall in ((0.0, 0.5), (50.0, 0.0), (100.0, 0.2))
    ]
    assert recall_by_length({"cells": cells}) == {1024: "0.100 (at depth 0 0.500)"}
    alike = [cell | {"selection_recall": 1.0} for cell in cells]
    assert recall_by_length({"cells": alike}) == {1024: "1.000"}
    assert recall_by_length({"cells": cells[:1]}) == {1024: "0.500"}
    assert recall_by_length({"cells": [cell | {"selection_recall": None} for cell in cells]}) == {}
