"""Any order of running, interrupting, tearing, resuming, editing and verifying: no row is lost, no edit unnoticed."""

import collections
import json
import shutil
import tempfile
import typing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import lh_eval.runs.run as running
from lh_eval import InputError
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.errors import Interrupted
from lh_eval.runs.grid import Grid
from lh_eval.store.files import read_samples
from lh_eval.store.rows import Row
from lh_eval.tasks.base import get_task
from lh_eval.verifying.folders import verify
from lh_eval.verifying.run import RunCheck

GRID = Grid(task="passkey", lengths=(256,), depths=(0.0, 100.0), trials=2)
SETTINGS = ["dense", "window:tokens=64,sinks=4"]
CHECKPOINT = load_checkpoint(device="cpu")
CHECK = RunCheck()  # makes the prompts of all examples once


def row_of(key, seed, reading):
    """What a model that is right on even trials would leave of a sample."""
    task, length, depth, trial = key
    sample = get_task(task).sample(CHECKPOINT.tokenizer, length=length, depth=depth, trial=trial, seed=seed)
    right = trial % 2 == 0
    return Row(
        task=task, length=length, depth=depth, true_depth=sample.depth, trial=trial, seed=seed,
        needle_start=sample.needle_start, needle_end=sample.needle_end, context_tokens=len(sample.context_ids),
        prompt_sha256=sample.prompt_sha256, answer=sample.answer, answers=sample.answers, scoring=sample.scoring,
        prediction=sample.answer if right else str((int(sample.answer) + 1) % 10), score=float(right),
        selection_recall=None, seconds=0.0, reading=reading,
    )  # fmt: skip


class Machine(RuleBasedStateMachine):
    """A sweep's folder and what it must hold."""

    tried: typing.ClassVar = collections.Counter()  # over all examples

    def __init__(self):
        super().__init__()
        self.work = Path(tempfile.mkdtemp())
        self.out, self.left, self.finished = self.work / "sweep", None, False
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(running, "iterate_rows", self.rows)

    def teardown(self):
        self.patch.undo()
        shutil.rmtree(self.work)

    def rows(self, model, tokenizer, keys, method, *, reading, seed, **_):
        for key in keys:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            yield row_of(key, seed, reading)

    def samples(self):
        return [file for file in sorted(self.out.glob("*/samples.jsonl")) if file.stat().st_size]

    @rule(left=st.integers(0, 2 * len(GRID)) | st.none())
    def run(self, left):
        """To the end, or until Ctrl-C after so many rows; a folder that holds rows is gone on with."""
        self.left = left
        missing = 2 * len(GRID) - sum(len(read_samples(file).rows) for file in self.samples())
        if left is not None and left < missing:
            self.tried["a run is interrupted"] += 1
            with pytest.raises(Interrupted, match="goes on from there"):
                running.run(CHECKPOINT, GRID, SETTINGS, self.out)
        else:
            assert running.run(CHECKPOINT, GRID, SETTINGS, self.out).failed == 0
            self.finished = True

    @precondition(lambda self: self.samples() and not self.finished)
    @rule(cut=st.integers(1, 200), data=st.data())
    def tear(self, cut, data):
        """A kill in the middle of a row."""
        file = data.draw(st.sampled_from(self.samples()))
        self.tried["a row is torn"] += 1
        with file.open("ab") as torn:
            torn.write(file.read_bytes().splitlines()[0][:cut])

    @precondition(lambda self: self.samples())
    @rule(data=st.data())
    def edit(self, data):
        """An edit is found by verify and refused by the next run, which changes nothing."""
        file = data.draw(st.sampled_from(self.samples()))
        kept = file.read_bytes()
        lines = kept.splitlines(keepends=True)
        whole = [place for place, line in enumerate(lines) if line.endswith(b"\n")]
        place = data.draw(st.sampled_from(whole))
        kind = data.draw(st.sampled_from(["score", "seed", "drop", "double"]))
        if kind == "drop" and place == whole[-1]:  # the file from before its last row was written: nothing is wrong
            return
        values = json.loads(lines[place])
        changes = {"score": {"score": 1 - values["score"]}, "seed": {"seed": 1}}
        changed = json.dumps(values | changes.get(kind, {})).encode() + b"\n"
        lines[place : place + 1] = {"drop": [], "double": [lines[place]] * 2}.get(kind, [changed])
        file.write_bytes(b"".join(lines))
        self.tried["rows are edited"] += 1
        assert [each for one in verify([self.out], CHECK) for each in one.findings]
        self.left = None
        with pytest.raises(InputError, match="rows must be as the run wrote them"):
            running.run(CHECKPOINT, GRID, SETTINGS, self.out)
        assert file.read_bytes() == b"".join(lines)
        file.write_bytes(kept)

    @precondition(lambda self: self.samples())
    @rule()
    def verified(self):
        """What nobody edited passes, and is said to be unfinished where it is."""
        found = list(verify([self.out], CHECK))
        assert not [each for one in found for each in one.findings]
        assert self.finished or any(
            "unfinished" in note or "no sweep.json" in note for one in found for note in one.notes
        )

    @invariant()
    def rows_are_the_grid_s_in_order(self):
        for file in self.samples():
            rows = read_samples(file).rows
            assert [row.key for row in rows] == list(GRID)[: len(rows)]
            assert not self.finished or len(rows) == len(GRID)


@pytest.mark.parametrize("examples", [6, pytest.param(60, marks=pytest.mark.reliability)])
def test_any_order(record_property, examples):
    Machine.tried.clear()
    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=8))
    for what, times in Machine.tried.items():
        record_property("faults", [f"In any order: {what}", times, "nothing"])
