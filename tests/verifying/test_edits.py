"""Every kind of edit is found, on a run of today and on a committed one of before there were digests."""

import json
import shutil
from pathlib import Path

import pytest

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.verifying.folders import verify
from lh_eval.verifying.run import RunCheck

OUTPUTS = Path(__file__).parents[2] / "outputs"
MORE = [pytest.param(name, marks=pytest.mark.reliability) for name in ("passkey-sweep", "keyed-sweep")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sweep of two settings with three rows each."""
    path = tmp_path_factory.mktemp("made") / "sweep"
    grid = Grid(task="passkey", lengths=(256,), depths=(0.0, 50.0, 100.0), trials=1)
    run(load_checkpoint(device="cpu"), grid, ["dense", "lighthouse:k=64,dense_layers=0/-1"], path)
    return path


@pytest.fixture(params=["made", "default", *MORE])
def sweep(request, tmp_path):
    """A copy to edit: of a sweep made now, or of a committed one."""
    source = request.getfixturevalue("made") if request.param == "made" else OUTPUTS / request.param
    return Path(shutil.copytree(source, tmp_path / request.param))


@pytest.fixture(scope="module")
def check():
    """What makes the prompts of all tests once."""
    return RunCheck()


@pytest.fixture
def found(check):
    return lambda sweep: [finding for one in verify([sweep], check) for finding in one.findings]


def rewrite(sweep, change):
    """Change the lines of dense's rows."""
    file = sweep / "dense" / "samples.jsonl"
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))


def third(**changes):
    """Change values of the third row."""

    def edit(sweep):
        def change(lines):
            values = json.loads(lines[2])
            values |= {name: value(values[name]) for name, value in changes.items() if name in values}
            return [*lines[:2], json.dumps(values).encode() + b"\n", *lines[3:]]

        rewrite(sweep, change)

    return edit


def values(name, change):
    """Change a JSON file below the sweep."""

    def edit(sweep):
        file = sweep / name
        kept = json.loads(file.read_text())
        change(kept)
        file.write_text(json.dumps(kept))

    return edit


def another(digit):
    return str((int(digit) + 1) % 10)


def doubled(lines):
    again = json.loads(lines[2]) | {"prediction": another(json.loads(lines[2])["prediction"]), "score": 0.0}
    return [*lines, json.dumps({name: value for name, value in again.items() if name != "digest"}).encode() + b"\n"]


EDITS = {
    "score": third(score=lambda score: 1 - score),
    "prediction": third(prediction=another),
    "prediction and score": third(prediction=another, score=lambda score: 1 - score),
    "answer": third(answer=another, answers=lambda answers: [another(answers[0])]),
    "prompt hash": third(prompt_sha256=lambda digest: digest[::-1]),
    "needle": third(needle_start=lambda start: start + 1),
    "seed": third(seed=lambda seed: seed + 1),
    "length": third(length=lambda length: length + 1),
    "depth": third(depth=lambda depth: depth + 0.5),
    "trial beyond": third(trial=lambda trial: trial + 100),
    "doubled row": lambda sweep: rewrite(sweep, doubled),
    "dropped row": lambda sweep: rewrite(sweep, lambda lines: [*lines[:2], *lines[3:]]),
    "grid of the configuration": values("dense/config.json", lambda config: config["lengths"].append(1024)),
    "weights of the configuration": values(
        "dense/config.json", lambda config: config["model"].update(weights_sha256="0" * 64)
    ),
    "dtype of the configuration": values("dense/config.json", lambda config: config.update(dtype="float16")),
    "metrics": values("dense/metrics.json", lambda metrics: metrics["cells"][1].update(rate=0.5)),
    "sweep": values("sweep.json", lambda summary: summary["settings"][1].update(mean_rate=0.25)),
    "run removed": lambda sweep: shutil.rmtree(sweep / "norm-k64", True) or shutil.rmtree(sweep / "norm-k2048", True),
    "configuration removed": lambda sweep: (sweep / "dense" / "config.json").unlink(),
    "rows removed": lambda sweep: (sweep / "dense" / "samples.jsonl").unlink(),
}
# what the chain alone tells
CHAINED = {
    "moved rows": lambda sweep: rewrite(sweep, lambda lines: [lines[1], lines[0], *lines[2:]]),
    "seconds": third(seconds=lambda seconds: seconds + 1),
    "note of the configuration": values(
        "dense/config.json", lambda config: config["provenance"].update(training_seed=7)
    ),
    "digests removed": lambda sweep: rewrite(
        sweep, lambda lines: [line.rsplit(b', "digest"', 1)[0] + b"}\n" for line in lines]
    ),
}


def test_what_is_untouched_passes(found, sweep):
    assert found(sweep) == []


@pytest.mark.reliability
def test_all_committed_runs_pass(check, record_property):
    results = list(verify([OUTPUTS], check))
    assert [finding for one in results for finding in one.findings] == []
    runs = sum(one.rows > 0 for one in results)
    assert runs > 200
    record_property("edits", ["None: each committed run passes untouched", runs, "0 findings"])


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_is_found(found, sweep, record_property, kind):
    EDITS[kind](sweep)
    assert found(sweep)
    record_property("edits", [kind[0].upper() + kind[1:], 1, "0"])


@pytest.mark.parametrize("kind", CHAINED)
def test_what_digests_alone_tell_is_found(found, made, tmp_path, record_property, kind):
    path = Path(shutil.copytree(made, tmp_path / "sweep"))
    CHAINED[kind](path)
    assert found(path)
    record_property("edits", [f"{kind[0].upper()}{kind[1:]}, which digests alone tell", 1, "0"])
