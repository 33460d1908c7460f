"""docs/reliability.md: made of what tests record, and every test that it names is there."""

import re
from pathlib import Path

import pytest
from reliability import TABLES, Tried, table, tried_in

ROOT = Path(__file__).parents[2]
RESULTS = """<testsuites><testsuite>
<testcase classname="tests.faults.test_a" name="test_b[quick]"><properties>
<property name="faults" value="['a fault', 3, 'no']"/></properties></testcase>
<testcase classname="tests.faults.test_a" name="test_b[every]"><properties>
<property name="faults" value="['a fault', 2000, 'no']"/></properties></testcase>
<testcase classname="tests.faults.test_a" name="test_c"><properties>
<property name="edits" value="['an edit', 1, '0']"/></properties></testcase>
</testsuite></testsuites>"""


def test_the_times_of_all_parameters_are_added(tmp_path):
    (tmp_path / "results.xml").write_text(RESULTS)
    faults = tried_in(tmp_path / "results.xml", "faults")
    assert faults == [Tried("a fault", 2003, "no", "tests/faults/test_a.py::test_b")]
    assert table("faults", faults).splitlines()[2] == "| a fault | 2,003 | no | `tests/faults/test_a.py::test_b` |"


@pytest.mark.parametrize("kind", ["failure", "error", "skipped"])
def test_nothing_is_made_of_a_run_in_which_a_test_did_not_pass(tmp_path, kind):
    (tmp_path / "results.xml").write_text(RESULTS.replace("</testcase>\n</", f"<{kind}/></testcase>\n</"))
    with pytest.raises(SystemExit, match=r"no test that did not pass, got tests/faults/test_a\.py::test_c"):
        tried_in(tmp_path / "results.xml", "faults")


def test_the_page_names_tests_that_there_are():
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- reliability: (\w+) -->", page) == list(TABLES)
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)` \|", page)
    assert named
    for file, name in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {name}(" in text
        assert "record_property(" in text
