import json

import pytest

from lh_eval.analysis.cells import metrics_of
from lh_eval.errors import InputError
from lh_eval.runs.rescore import rescore, write_rescored
from lh_eval.store.folder import RunFolder
from lh_eval.store.run import read_run


@pytest.fixture
def generated(tmp_path, make_row):
    """Three rows that were scored by exact match, and one that failed."""
    said = [("7", "7", 1.0), ("7", "It is 7.", 0.0), ("7", "17", 0.0)]
    with RunFolder.open(tmp_path / "run", {"task": "passkey", "lengths": [4096], "depths": [50]}) as run:
        for trial, (answer, prediction, score) in enumerate(said):
            run.append(make_row(trial=trial, answer=answer, prediction=prediction, score=score, scoring="exact"))
        run.append(make_row(trial=3, error="broken"))
        run.finish(metrics_of(run.as_run()))
    return tmp_path / "run"


def test_rows_scored_by_their_own_rule_do_not_change(generated):
    assert rescore(generated).changed == 0


def test_another_rule_gives_other_scores_and_leaves_failures_alone(generated):
    result = rescore(generated, "any")
    assert result.changed == 1
    assert [row.score for row in result.after] == [1.0, 1.0, 0.0, None]
    assert [row.scoring for row in result.after] == ["any", "any", "any", "choice"]


def test_a_new_folder_is_a_run_and_the_old_one_is_left(generated, tmp_path):
    before = {file.name: file.read_bytes() for file in generated.iterdir()}
    metrics = write_rescored(rescore(generated, "any"), tmp_path / "new", "any")
    assert (metrics["hits"], metrics["n"], metrics["errors"]) == (2, 3, 1)
    assert read_run(tmp_path / "new").frame["score"].sum() == 2
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    assert (config["rescored"], config["provenance"]["rescored_from"]) == ("any", "run")
    assert {file.name: file.read_bytes() for file in generated.iterdir()} == before


def test_nothing_is_overwritten(generated):
    with pytest.raises(InputError, match="out must be a new or empty folder"):
        write_rescored(rescore(generated), generated)


def test_a_folder_without_rows_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"run must be a folder with config\.json and"):
        rescore(tmp_path)


def test_generated_rows_are_not_choices(generated):
    with pytest.raises(InputError, match="scoring must be one for generated text, got choice"):
        rescore(generated, "choice")


def test_a_rule_of_another_package_judges(generated, bring_rule):
    bring_rule("silent", type("Silent", (), {"score": lambda self, prediction, answers: 0.25}))
    assert [row.score for row in rescore(generated, "silent").after] == [0.25, 0.25, 0.25, None]


def test_a_rule_that_is_not_there_is_refused(generated):
    with pytest.raises(InputError, match=r"scoring must be one of .*, got 'exakt'; did you mean 'exact'"):
        rescore(generated, "exakt")
