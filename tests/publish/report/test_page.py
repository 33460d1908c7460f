import json
import re
from html.parser import HTMLParser

import pytest

from lh_eval.errors import InputError
from lh_eval.publish.report.page import report
from lh_eval.publish.report.prompts import Prompts
from lh_eval.store.run import Run


class Page(HTMLParser):
    """The page's tags, those of scripts apart, and the contents of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.scripts, self._in = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        self._in = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def page(sweep):
    return report(sweep[1], Prompts())


def test_nothing_is_loaded(page):
    links = Page(page).links
    assert links
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert not re.search(r"@import|url\(|https?://", page)


def test_what_a_model_said_is_text(page):
    parsed = Page(page)
    assert parsed.tags.count("script") == 2
    assert "&lt;/script&gt;&lt;script&gt;document.title" in page
    assert "<script>document.title" not in page
    notes = json.loads(parsed.scripts[0])
    assert notes["cells"]["s1-1024-100"]["prediction"].startswith("</script><script>document.title='hit'</script><b>")
    assert "<" not in parsed.scripts[0]
    assert "&" not in parsed.scripts[0]


def test_a_cells_note_has_numbers_and_the_failing_sample_with_its_needle(page):
    notes = json.loads(Page(page).scripts[0])
    note = notes["cells"]["s1-1024-100"]
    assert note["title"] == "norm k=256: 1K tokens, depth 100 %"
    assert note["lines"] == [
        "retrieval rate 0.50: 1 of n = 2",
        "95 % interval 0.09 to 0.91 (Wilson)",
        "selection recall 0.25",
    ]
    assert note["trial"] == 0
    pieces = notes["prompts"][note["prompt"]]["pieces"]
    assert [needle for _, needle in pieces].count(True) == 1
    assert f"The pass key is {note['answer']}." in {needle: text for text, needle in pieces}[True]
    # of one prompt, however many settings ask it
    assert notes["cells"]["s0-512-0"]["prompt"] == notes["cells"]["s1-512-0"]["prompt"]


def test_tables_compare_with_dense(page):
    row = re.search(r'<tr data-task="passkey" data-setting="norm k=256".*?</tr>', page, re.DOTALL).group()
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    assert cells[0].startswith("0.875 <small>")
    assert cells[1:3] == ["8", "1"]
    assert cells[4] == "0.875 <small>0.750–1.000</small>"  # of two lengths, the mean of both
    assert cells[5] == "512"
    assert cells[6:] == ["-0.125", "0 / 1 <small>of 8</small>", "1"]


def test_failing_samples_name_the_heads_that_dropped_the_needle(page):
    assert page.count('<details class="sample"') == 1
    assert "layer 1: heads 0–2; layer 2: head 3 (selection recall 0.25)" in page


def test_the_same_runs_give_the_same_bytes(page, sweep):
    assert report(sweep[1], Prompts()) == page


def test_memberships_of_hits_and_misses_are_told(page, tmp_path, write_run):
    assert "What goes with a miss" in page
    assert "<td>whole needle</td><td>7</td><td>1</td><td>0.893</td><td>0.250</td><td>0.83" in page
    dense = report([write_run(tmp_path / "run")], Prompts(wanted=False))
    assert "What goes with a miss" not in dense


def test_failures_are_capped(tmp_path, write_run):
    run = write_run(tmp_path / "run", changes=lambda *key: {"score": 0.0, "prediction": "x"})
    text = report([run], Prompts(wanted=False), failures=4)
    shown = re.findall(r"(\w+) tokens, depth (\d+) %, trial (\d): said", text)
    # a failing trial of each cell comes before the second of any
    assert shown == [("512", "0", "0"), ("512", "100", "0"), ("1K", "0", "0"), ("1K", "100", "0")]
    assert "4 of 8 failing samples" in text


def test_rows_of_before_heads_were_kept_say_so(tmp_path, write_run):
    attention = {"k": 256, "scorer": "norm"}
    lost = {"selection_recall": 0.5, "score": 0.0, "prediction": "x"}
    run = write_run(tmp_path / "run", attention=attention, changes=lambda *key: lost)
    text = report([run], Prompts(wanted=False))
    assert "selection recall 0.50; which heads dropped it was not yet kept when this run was made" in text
    assert "no dense run" in text


def test_a_sample_that_did_not_run_has_its_error(tmp_path, write_run):
    error = {"error": "OutOfMemoryError: <big>", "score": None, "prediction": None}
    run = write_run(tmp_path / "run", changes=lambda length, depth, trial: error if length == 1024 else {})
    text = report([run], Prompts(wanted=False))
    assert "did not run" in text
    assert "OutOfMemoryError: &lt;big&gt;" in text
    assert "no sample was run, 2 failed to run" in text


def test_settings_of_one_name_are_told_apart_by_their_folders(tmp_path, write_run):
    runs = [write_run(tmp_path / name / "dense") for name in ("first", "second")]
    text = report(runs, Prompts(wanted=False))
    for name in ("first", "second"):
        assert f'data-setting="dense ({name}/dense)"' in text


def test_a_run_without_rows_is_refused(sweep):
    run = sweep[1][0]
    with pytest.raises(InputError, match="run must have rows, got"):
        report([Run(run.path, run.config, run.frame.head(0))], Prompts())


def test_readings_stand_behind_the_settings_where_they_differ(tmp_path, write_run):
    runs = [write_run(tmp_path / reading, reading=reading) for reading in ("prompt", "context")]
    text = report(runs, Prompts(wanted=False))
    assert "dense (prompt)" in text
    assert "dense (context)" in text
    assert "dense (prompt)" not in report(runs[:1], Prompts(wanted=False))


def test_where_answers_settle_is_there_if_it_was_taken(write_run, tmp_path, page):
    def changes(length, depth, trial):
        missed = {"prediction": "", "score": 0.0, "answer_settling": (1,)}
        return missed if trial else {"answer_settling": (2,)}

    taken = {"threshold": 0.5, "base": 2.0, "norm": True, "layers": 4}
    run = write_run(tmp_path / "run", changes=changes, settling=taken)
    shown = report([run], Prompts(wanted=False))
    assert "Where answers settle" in shown
    assert "Where answers settle" not in page
    assert "<td>mean layer of 4</td><td>4</td><td>4</td><td>2.000</td><td>1.000</td><td>1.00</td>" in shown
    assert Page(shown).tags.count("rect") == 2 * 4
    assert '<rect class="hit" x="75.0" y="1.0"' in shown
