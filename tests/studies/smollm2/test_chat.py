"""Raw against chat: rows of the three forms joined by task and trial, their means, and what is decided."""

import io
import json
import tarfile

import pytest

from lh_eval.errors import InputError
from lh_eval.studies.smollm2.chat import ROWS, chat_block, contrasts_block, read_scores

FORMS = {"raw": "{}", "chat": "chat:of={}", "bare": "chat:of={},prefix=none"}


def write(folder, scores, **changes):
    """`scores`: of each form and task, one a trial."""
    with tarfile.open(folder / ROWS, "w:xz") as archive:
        for (form, task), found in scores.items():
            rows = [
                {
                    "task": FORMS[form].format(f"ruler_{task}"),
                    "trial": trial,
                    "score": score,
                    "answer": f"{task} {trial}",
                }
                | {"error": None}
                | changes.get(form, {})
                for trial, score in enumerate(found)
            ]
            content = "\n".join(map(json.dumps, rows)).encode()
            entry = tarfile.TarInfo(f"{form}/{task}/samples.jsonl")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


SCORES = {
    ("raw", "vt"): [1.0] * 6, ("chat", "vt"): [1.0] * 5 + [0.0], ("bare", "vt"): [0.0] * 6,
    ("raw", "cwe"): [0.5] * 6, ("chat", "cwe"): [0.5] * 5 + [1.0], ("bare", "cwe"): [0.2] * 6,
}  # fmt: skip


def test_rates_and_their_mean(tmp_path):
    write(tmp_path, SCORES)
    scores = read_scores(tmp_path)
    assert scores.shape == (12, 3)
    lines = chat_block(scores).splitlines()
    (mean,) = [line for line in lines if line.startswith("| mean")]
    assert [cell.split()[0] for cell in mean.split("|")[2:5]] == ["0.75", "0.71", "0.10"]
    (row,) = [line for line in lines if "`vt`" in line]
    assert "1.00 (0.61 to 1.00)" in row
    assert lines[-1] == "*6 trials a task; 95 % intervals: Wilson's, of the mean bootstrap over trials within tasks.*"


def test_what_is_decided(tmp_path):
    write(tmp_path, SCORES)
    first, second = (line for line in contrasts_block(read_scores(tmp_path)).splitlines() if line.startswith("| C"))
    assert "−0.042" in first
    assert "| not decided |" in first
    assert "−0.608" in second
    assert "| decided |" in second


def test_a_trial_that_a_form_lacks_is_left_out(tmp_path):
    write(tmp_path, SCORES | {("bare", "vt"): [0.0] * 4})
    assert read_scores(tmp_path).groupby(level="task").size().to_dict() == {"cwe": 6, "vt": 4}


def test_other_questions_and_failed_rows_are_refused(tmp_path):
    write(tmp_path, SCORES, bare={"answer": "another"})
    with pytest.raises(InputError, match="forms must ask the same"):
        read_scores(tmp_path)
    write(tmp_path, SCORES, chat={"error": "broken"})
    with pytest.raises(InputError, match="rows must all be scored, got 'broken'"):
        read_scores(tmp_path)
