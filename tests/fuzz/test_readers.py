"""Each reader reads or refuses in one line: what it is made for, what once broke it, and some changes of each.

`make fuzz` tries on.
"""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzzing
from mutating import mutate
from readers import CORPUS, readers

KNOWN = readers()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")


@pytest.mark.parametrize("name", KNOWN)
def test_what_it_is_made_for_is_read(name, tmp_path):
    for seed in KNOWN[name].seeds:
        KNOWN[name].read(tmp_path, seed)


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*/*")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_broke_it_does_not(file, tmp_path):
    assert fuzzing.broken(KNOWN[file.parent.name], tmp_path, file.read_bytes()) is None


@pytest.mark.parametrize("times", [4, pytest.param(150, marks=pytest.mark.reliability)])
@pytest.mark.parametrize("name", KNOWN)
def test_changes(name, times, tmp_path, record_property):
    rng = random.Random(f"{name}{times}")
    for _ in range(times):
        data = mutate(rng.choice(KNOWN[name].seeds), KNOWN[name].form, rng)
        assert fuzzing.broken(KNOWN[name], tmp_path, data) is None, data
    record_property("faults", ["A changed config, row, suite, haystack, recipe or spec is read", times, "nothing"])


def test_a_reader_that_breaks_is_found(tmp_path):
    def read(folder, data):
        raise {b"k": KeyError, b"l": fuzzing.Slow}[data]

    reader = KNOWN["length"]._replace(read=read)
    assert fuzzing.broken(reader, tmp_path, b"k").problem == "KeyError: "
    assert "no answer" in fuzzing.broken(reader, tmp_path, b"l").problem
