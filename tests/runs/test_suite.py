import pytest

from lh_eval import InputError
from lh_eval.runs.suite import load_suite, suite_names

TEXT = """
name = "mine"
lengths = ["1k", 300]
depths = [0, 100]
trials = 3

[[task]]
task = "passkey"

[[task]]
task = "keyed:records=2"
trials = 5
depths = [50]
"""


def _write(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return str(file)


def test_tasks_take_what_the_suite_says_and_say_otherwise(tmp_path):
    suite = load_suite(_write(tmp_path, TEXT), seed=7)
    passkey, keyed = suite.grids
    assert suite.name == "mine"
    assert (passkey.task, passkey.lengths, passkey.depths, passkey.trials, passkey.seed) == (
        *("passkey", (300, 1024), (0.0, 100.0), 3, 7),
    )
    assert (keyed.task, keyed.lengths, keyed.depths, keyed.trials) == ("keyed:records=2", (300, 1024), (50.0,), 5)


def test_overrides_go_before_the_file(tmp_path):
    suite = load_suite(_write(tmp_path, TEXT), trials=1, lengths=["2k"], depths=None)
    assert [(grid.trials, grid.lengths) for grid in suite.grids] == [(1, (2048,))] * 2
    assert suite.grids[1].depths == (50.0,)


@pytest.mark.parametrize("name", suite_names())
def test_packaged_suites_load(name):
    assert load_suite(name).grids


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"must have a \[\[task\]\] for each task"),
        ("task = 3", r"must have a \[\[task\]\]"),
        ("[[task", "must be TOML"),
        ("[[task]]\ntask = 'passkey'", "must have a task and lengths"),
        ("lenghts = ['1k']\n[[task]]\ntask = 'passkey'", "got 'lenghts'"),
        ("lengths = ['1k']\n[[task]]\ntask = 'passkey'\ntrails = 3", "got 'trails'"),
        ("lengths = '1k'\n[[task]]\ntask = 'passkey'", "must be a list such as"),
        ("lengths = ['1x']\n[[task]]\ntask = 'passkey'", "length must be a positive number"),
        ("lengths = ['1k']\n[[task]]\ntask = 'passkey'\n[[task]]\ntask = 'passkey'", "must differ"),
        ("name = 3\nlengths = ['1k']\n[[task]]\ntask = 'passkey'", "name of suite"),
        ("lengths = ['1k']\ntrials = 0\n[[task]]\ntask = 'passkey'", "trials must be"),
    ],
)
def test_what_is_no_suite_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_suite(_write(tmp_path, text))


def test_an_unknown_suite_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'smoke'"):
        load_suite("smoek")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="suite must be a readable TOML file"):
        load_suite(str(tmp_path / "none.toml"))


def test_a_haystack_for_all_tasks_that_take_one(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('lengths = [400]\n[[task]]\ntask = "passkey"\n[[task]]\ntask = "vt"\n')
    suite = load_suite(str(file), haystack="prose")
    assert [grid.task for grid in suite.grids] == ["passkey", "vt:haystack=prose"]
    file.write_text(file.read_text() + '[[task]]\ntask = "vt:haystack=words"\n')
    with pytest.raises(InputError, match=r"tasks of suite .* must differ, got passkey, vt:haystack=prose, vt:hay"):
        load_suite(str(file), haystack="prose")
