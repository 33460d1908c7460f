import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from lh_eval import InputError
from lh_eval.analysis.cells import metrics_of
from lh_eval.store.digest import config_digest, next_digest
from lh_eval.store.folder import RunFolder
from lh_eval.store.run import read_run

CONFIG = {"task": "passkey", "lengths": [4096], "depths": [50], "attention": {"k": 512, "scorer": "norm"}}


def test_a_new_run_holds_config_and_rows(tmp_path, make_row):
    with RunFolder.open(tmp_path / "a" / "b", CONFIG) as run:
        run.append(make_row())
    assert json.loads((tmp_path / "a/b/config.json").read_text()) == CONFIG
    row, digest = (tmp_path / "a/b/samples.jsonl").read_text().rsplit(', "digest": ', 1)
    assert row + "}" == make_row().to_json()
    assert digest == f'"{next_digest(config_digest(CONFIG), make_row().to_json().encode())}"}}\n'
    assert sorted(os.listdir(tmp_path / "a/b")) == ["config.json", "samples.jsonl"]


def test_the_same_configuration_resumes(tmp_path, make_row):
    with RunFolder.open(tmp_path, CONFIG) as run:
        run.append(make_row(trial=0))
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert run.completed() == {make_row(trial=0).key}
        run.append(make_row(trial=1))
        assert [row.trial for row in run.rows()] == [0, 1]
    assert len(read_run(tmp_path).frame) == 2


def test_tuples_and_lists_are_one_configuration(tmp_path):
    RunFolder.open(tmp_path, CONFIG | {"lengths": (4096,)}).close()
    RunFolder.open(tmp_path, CONFIG).close()


def test_provenance_is_kept_but_not_compared(tmp_path):
    RunFolder.open(tmp_path, CONFIG | {"provenance": {"batch": 4}}).close()
    with RunFolder.open(tmp_path, CONFIG | {"provenance": {"batch": 1}}) as run:
        assert run.config["provenance"] == {"batch": 4}


def test_another_configuration_is_refused_and_nothing_touched(tmp_path, make_row):
    with RunFolder.open(tmp_path, CONFIG | {"extra": 1}) as run:
        run.append(make_row())
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    other = CONFIG | {"attention": {"k": 2048, "scorer": "norm"}, "depths": [0, 50]}
    with pytest.raises(InputError) as error:
        RunFolder.open(tmp_path, other)
    message = str(error.value)
    assert "attention.k 512 there, 2048 here" in message
    assert "depths [50] there, [0, 50] here" in message
    assert "extra 1 there, absent here" in message
    assert "choose another --out" in message
    assert "\n" not in message
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_only_the_first_differences_are_named(tmp_path):
    RunFolder.open(tmp_path, {f"f{i}": 0 for i in range(5)}).close()
    with pytest.raises(InputError, match=r"f0 0 there, 1 here; f1 .*; f2 .*, and 2 more\)"):
        RunFolder.open(tmp_path, {f"f{i}": 1 for i in range(5)})


@pytest.mark.parametrize("name", ["thesis.tex", ".hidden", "metrics.json"])
def test_a_folder_of_something_else_is_refused(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"holds {name}; choose another --out"):
        RunFolder.open(tmp_path, CONFIG)
    assert os.listdir(tmp_path) == [name]


def test_samples_without_a_configuration_are_refused(tmp_path, make_row):
    (tmp_path / "samples.jsonl").write_text(make_row().to_json() + "\n")
    with pytest.raises(InputError, match=r"holds samples\.jsonl"):
        RunFolder.open(tmp_path, CONFIG)


def test_a_kill_before_the_configuration_was_written_leaves_a_usable_folder(tmp_path):
    (tmp_path / "samples.jsonl").touch()
    (tmp_path / "config.json.part").write_text('{"ta')
    RunFolder.open(tmp_path, CONFIG).close()
    assert read_run(tmp_path).config == CONFIG


def test_a_run_that_another_process_begins_meanwhile_is_no_foreign_folder(tmp_path, make_row, monkeypatch):
    listdir = os.listdir

    def begun_before(path):
        monkeypatch.undo()
        with RunFolder.open(path, CONFIG) as run:
            run.append(make_row())
        return listdir(path)

    monkeypatch.setattr(os, "listdir", begun_before)
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert len(run.completed()) == 1


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="out must be a folder that can be written"):
        RunFolder.open(tmp_path / "file", CONFIG)


@pytest.mark.parametrize(
    "tail", [b'{"task": "pass', b"\0" * 40 + b"\n", b'{"a": 1, "b": "\xc3', b"\r\0\r", b"{}\n"[:1]]
)
def test_a_torn_last_line_is_cut_off(tmp_path, make_row, tail):
    with RunFolder.open(tmp_path, CONFIG) as run:
        run.append(make_row(trial=0))
    whole = (tmp_path / "samples.jsonl").read_bytes()
    (tmp_path / "samples.jsonl").write_bytes(whole + tail)
    assert len(read_run(tmp_path).frame) == 1
    assert (tmp_path / "samples.jsonl").read_bytes() == whole + tail  # reading changes nothing
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert (tmp_path / "samples.jsonl").read_bytes() == whole
        run.append(make_row(trial=1))
    assert read_run(tmp_path).frame.trial.tolist() == [0, 1]


def test_a_row_cut_at_any_byte_loses_only_itself(tmp_path, make_row):
    with RunFolder.open(tmp_path, CONFIG) as run:
        run.append(make_row(trial=0))
        first = (tmp_path / "samples.jsonl").stat().st_size
        run.append(make_row(trial=1))
    data = (tmp_path / "samples.jsonl").read_bytes()
    for end in range(first, len(data)):
        (tmp_path / "samples.jsonl").write_bytes(data[:end])
        with RunFolder.open(tmp_path, CONFIG) as run:
            assert run.completed() == {make_row(trial=0).key}


def test_an_earlier_corrupt_line_is_named_and_nothing_cut(tmp_path, make_row):
    RunFolder.open(tmp_path, CONFIG).close()
    line = make_row().to_json()
    text = f"{line}\n{line[:30]}\n{line}\n"
    (tmp_path / "samples.jsonl").write_text(text)
    with pytest.raises(InputError, match="on line 2; remove that line"):
        RunFolder.open(tmp_path, CONFIG)
    assert (tmp_path / "samples.jsonl").read_text() == text


def test_a_whole_last_line_of_other_fields_is_not_torn(tmp_path):
    RunFolder.open(tmp_path, CONFIG).close()
    (tmp_path / "samples.jsonl").write_text('{"from": "a later version"}\n')
    with pytest.raises(InputError, match="line 1: a row must have the fields"):
        RunFolder.open(tmp_path, CONFIG)


def test_a_failed_sample_is_run_again_and_its_last_row_counts(tmp_path, make_row):
    with RunFolder.open(tmp_path, CONFIG) as run:
        run.append(make_row(error="out of memory"))
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert run.completed() == set()
        run.append(make_row())
        assert run.completed() == {make_row().key}
        assert run.as_run().frame.score.tolist() == [1.0]
    assert (tmp_path / "samples.jsonl").read_text().count("\n") == 2
    assert read_run(tmp_path).frame.score.tolist() == [1.0]


def test_metrics_have_the_configured_grid_and_no_nan(tmp_path, make_row):
    with RunFolder.open(tmp_path, CONFIG | {"depths": [0, 50]}) as run:
        run.append(make_row(depth=50))
        values = metrics_of(run.as_run())
        run.finish(values)
    written = json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert written == values
    assert [(cell["depth"], cell["n"], cell["rate"]) for cell in written["cells"]] == [(0, 0, None), (50, 1, 1.0)]
    assert written["empty_cells"] == 1


def test_a_second_writer_is_refused(tmp_path):
    with RunFolder.open(tmp_path, CONFIG), pytest.raises(InputError, match="another process is writing"):
        RunFolder.open(tmp_path, CONFIG)
    RunFolder.open(tmp_path, CONFIG).close()


def test_a_full_disk_leaves_no_half_line(tmp_path, make_row, monkeypatch):
    with RunFolder.open(tmp_path, CONFIG) as run:
        run.append(make_row(trial=0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(InputError, match=r"No space left on device\); its 1 rows are kept"):
                run.append(make_row(trial=1))
        run.append(make_row(trial=2))
    assert read_run(tmp_path).frame.trial.tolist() == [0, 2]


def test_kill_nine_loses_at_most_the_sample_in_flight(tmp_path, make_row):
    """A process that is killed while it writes leaves all rows it had reported, and frees the folder."""
    program = f"""
        import dataclasses, json, sys
        from lh_eval.store.rows import Row
        from lh_eval.store.folder import RunFolder
        row = Row.from_json({make_row().to_json()!r})
        run = RunFolder.open({str(tmp_path / "run")!r}, {CONFIG!r})
        for trial in range(10**6):
            run.append(dataclasses.replace(row, trial=trial))
            print(trial, flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    reported = 20 + len(rest)
    with RunFolder.open(tmp_path / "run", CONFIG) as run:
        done = run.completed()
    assert {trial for *_, trial in done} == set(range(len(done)))
    assert reported <= len(done) <= reported + 1
