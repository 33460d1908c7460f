import json

import pytest

from lh_eval import InputError
from lh_eval.store.checking import row_problems
from lh_eval.store.files import read_samples
from lh_eval.store.folder import RunFolder
from lh_eval.store.run import read_config, read_run

CONFIG = {"task": "passkey", "seed": 0, "lengths": [4096], "depths": [50], "trials": 4, "attention": None}


@pytest.fixture
def folder(tmp_path, make_row):
    """A run of four trials, and room for the edit of its lines."""
    with RunFolder.open(tmp_path, CONFIG) as run:
        for trial in range(4):
            run.append(make_row(trial=trial))
    return tmp_path


def lines(folder):
    return (folder / "samples.jsonl").read_bytes().splitlines(keepends=True)


def problems(folder):
    found = row_problems(read_config(folder), read_samples(folder / "samples.jsonl"))
    return [tuple(one) for one in found]


def edited(line, **changes):
    return json.dumps(json.loads(line) | changes).encode() + b"\n"


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda rows: [rows[0], edited(rows[1], score=0.0), *rows[2:]], [2]),
        (lambda rows: [rows[0], rows[1].replace(b'"7"', b'"3"'), *rows[2:]], [2]),
        (lambda rows: [rows[0], *rows[2:]], [2]),
        (lambda rows: [rows[0], rows[2], rows[1], rows[3]], [2, 3, 4]),
        (lambda rows: [rows[0], rows[1].rsplit(b', "digest"', 1)[0] + b"}\n", *rows[2:]], [2]),
    ],
    ids=["edited", "replaced", "dropped", "moved", "without digest"],
)
def test_what_does_not_follow_is_found_where_it_stands(folder, edit, found):
    assert problems(folder) == []
    (folder / "samples.jsonl").write_bytes(b"".join(edit(lines(folder))))
    assert [line for line, _ in problems(folder)] == found
    with pytest.raises(InputError, match=rf"samples\.jsonl line {found[0]}: .*digest.*\(lh-eval verify"):
        read_run(folder)
    with pytest.raises(InputError, match="digest"):
        RunFolder.open(folder, CONFIG)


def test_an_edited_configuration_is_found_at_the_first_row(folder):
    config = read_config(folder)
    (folder / "config.json").write_text(json.dumps(dict(reversed(config.items()))))
    assert problems(folder) == []  # as a value it is the same
    (folder / "config.json").write_text(json.dumps(config | {"dtype": "float16"}))
    ((line, problem),) = problems(folder)
    assert line == 1
    assert "does not follow from config.json" in problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"task": "keyed"}, "task must be 'passkey' as in config.json, got 'keyed'"),
        ({"seed": 1}, "seed must be 0 as in config.json, got 1"),
        ({"length": 8192}, "length must be one of config.json's, got 8192"),
        ({"depth": 51.0}, "depth must be one of config.json's, got 51"),
        ({"trial": 4}, "trial must be from 0 to 3 as config.json says, got 4"),
        ({"prediction": "3"}, "the sample of line 1 once more"),
    ],
)
def test_a_row_that_the_run_does_not_have_is_found_without_digests_too(folder, make_row, changes, problem):
    rows = [make_row(), make_row(**{"trial": 0} | changes)]
    (folder / "samples.jsonl").write_text("".join(row.to_json() + "\n" for row in rows))
    assert (2, problem) in problems(folder)


def test_a_sample_that_failed_may_be_there_again(folder, make_row):
    (folder / "samples.jsonl").unlink()
    with RunFolder.open(folder, CONFIG) as run:
        for row in (make_row(error="E: no memory"), make_row(error="E: no memory"), make_row()):
            run.append(row)
    assert problems(folder) == []
    assert read_run(folder).frame["error"].isna().all()


def test_a_run_of_before_goes_on_with_digests_that_hold_its_old_rows_too(folder, make_row):
    old = [make_row(trial=trial).to_json() + "\n" for trial in range(2)]
    (folder / "samples.jsonl").write_text("".join(old))
    with RunFolder.open(folder, CONFIG) as run:
        run.append(make_row(trial=2))
    assert problems(folder) == []
    (folder / "samples.jsonl").write_bytes(lines(folder)[0] + b"".join(lines(folder)[2:]))
    assert [line for line, _ in problems(folder)] == [2]


def test_a_resumed_run_has_the_digests_of_one_that_was_not_stopped(folder, make_row):
    whole = lines(folder)
    (folder / "samples.jsonl").write_bytes(b"".join(whole[:2]) + whole[2][:-20])
    with RunFolder.open(folder, CONFIG) as run:
        for trial in (2, 3):
            run.append(make_row(trial=trial))
    assert lines(folder) == whole
