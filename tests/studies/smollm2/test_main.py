import re
from pathlib import Path

import pytest

from lh_eval.studies.smollm2.__main__ import CHAT, COMBINE, GRID, KIND, LAYERS, make_blocks, smollm2
from lh_eval.studies.tables import filled

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "findings.md"


@pytest.fixture(scope="module")
def blocks():
    return make_blocks(ROOT / GRID, ROOT / LAYERS, ROOT / COMBINE, ROOT / CHAT)


def test_the_committed_page_is_that_of_the_rows(blocks, tmp_path, capsys):
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, KIND, blocks) == page
    assert re.findall(rf"<!-- {KIND}: ([\w-]+) -->", page) == list(blocks)
    copy = tmp_path / "page.md"
    copy.write_text(page.replace("10/10", "9/10"), encoding="utf-8")
    smollm2(ROOT / GRID, ROOT / LAYERS, ROOT / COMBINE, ROOT / CHAT, copy)
    assert copy.read_text(encoding="utf-8") == page
    assert capsys.readouterr().out == f"{copy}\n"
    smollm2(ROOT / GRID, ROOT / LAYERS, ROOT / COMBINE, ROOT / CHAT)
    assert capsys.readouterr().out == "\n".join(blocks.values()) + "\n"


def test_what_the_text_says_beside_the_tables(blocks):
    text = PAGE.read_text(encoding="utf-8")
    assert "219 of 250" in blocks["dense"]
    assert "Dense found 219 of the same 250" in text
    assert blocks["lighthouse"].count("0/250") == 12 + 1  # the settings, and the note on the interval
    assert "0 of 250 in each of the twelve settings (0 to 0.015)" in text


def test_claims_are_decided_as_the_text_says(blocks):
    verdicts = {}
    for line in blocks["claims"].splitlines():
        if found := re.match(r"\| (S\d+) \|.* (above|below|not decided) \|$", line):
            verdicts.setdefault(found[1], []).append(found[2])
    assert [claim for claim, of in verdicts.items() if set(of) == {"above"}] == ["S1", "S3", "S4", "S5", "S6"]
    assert [claim for claim, of in verdicts.items() if set(of) == {"not decided"}] == ["S2", "S7", "S9", "S10"]
    assert [len(verdicts[claim]) for claim in ("S1", "S7", "S8", "S9", "S10")] == [4, 4, 6, 4, 3]
