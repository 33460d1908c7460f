import re

from smollm2 import KIND, PAGE, main, make_blocks
from tables import filled


def test_the_committed_page_is_that_of_the_rows(tmp_path, capsys):
    page = PAGE.read_text(encoding="utf-8")
    blocks = make_blocks()
    assert filled(page, KIND, blocks) == page
    assert re.findall(rf"<!-- {KIND}: (\w+) -->", page) == list(blocks)
    copy = tmp_path / "page.md"
    copy.write_text(page.replace("10/10", "9/10"), encoding="utf-8")
    main(["--page", str(copy)])
    assert copy.read_text(encoding="utf-8") == page
    assert capsys.readouterr().out == f"{copy}: filled anew\n"


def test_what_the_text_says_beside_the_tables():
    text = PAGE.read_text(encoding="utf-8")
    blocks = make_blocks()
    assert "219 of 250" in blocks["dense"]
    assert "Dense found 219 of the same 250" in text
    assert blocks["lighthouse"].count("0/250") == 12 + 1  # the settings, and the note on the interval
    assert "0 of 250 in each of the twelve settings (0 to 0.015)" in text
