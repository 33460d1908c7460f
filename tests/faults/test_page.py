"""docs/reliability.md: made of what tests record, and every test that it names is there."""

import re
from pathlib import Path

from reliability import Fault, faults_of, table

ROOT = Path(__file__).parents[2]
RESULTS = """<testsuites><testsuite>
<testcase classname="tests.faults.test_a" name="test_b[quick]"><properties>
<property name="reliability" value="['a fault', 3, 'nothing']"/></properties></testcase>
<testcase classname="tests.faults.test_a" name="test_b[every]"><properties>
<property name="reliability" value="['a fault', 200, 'nothing']"/></properties></testcase>
<testcase classname="tests.faults.test_a" name="test_c"><properties>
<property name="reliability" value="['another', 1, 'nothing']"/></properties><failure/></testcase>
</testsuite></testsuites>"""


def test_the_most_tries_of_what_passed(tmp_path):
    (tmp_path / "results.xml").write_text(RESULTS)
    faults = faults_of(tmp_path / "results.xml")
    assert faults == [Fault("a fault", 200, "nothing", "tests/faults/test_a.py::test_b")]
    assert table(faults).splitlines()[-1] == "| a fault | 200 | nothing | `tests/faults/test_a.py::test_b` |"


def test_the_page_names_tests_that_there_are():
    named = re.findall(
        r"`(tests/[\w/]+\.py)::(\w+)` \|", (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    )
    assert named
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
