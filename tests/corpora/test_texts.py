import hashlib
import re
from importlib import resources

import datasets
import pytest

from lh_eval.corpora.records import Origin
from lh_eval.corpora.texts import SHIPPED, load_text
from lh_eval.errors import InputError

LONG = "It was a long day. " * 100


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_texts_are_those_of_the_readme(name):
    readme = (resources.files("lh_eval.assets") / "text" / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if f"`{name}.txt.xz`" in line]
    text = load_text(name)
    assert text.sha256 == re.search("`([0-9a-f]{64})`", row)[1]
    assert f"{len(text.whole):,} characters" in row
    assert isinstance(text.rows, datasets.Dataset)


def test_prose_is_the_novel():
    assert load_text("prose") is load_text("moby_dick")


def test_text_file(tmp_path):
    (tmp_path / "book.txt").write_text(LONG, encoding="utf-8")
    text = load_text(str(tmp_path / "book.txt"))
    assert text.whole == LONG
    assert text.sha256 == hashlib.sha256(LONG.encode()).hexdigest()


def test_a_column_of_a_file(write_rows):
    path = write_rows([{"id": 1, "body": LONG}, {"id": 2, "body": None}, {"id": 3, "body": "End."}])
    assert load_text(f"{path}#body").whole == f"{LONG}\n\nEnd."
    with pytest.raises(InputError, match="columns text, got id, body"):
        load_text(path)
    with pytest.raises(InputError, match="column 'id' must be text, got int"):
        load_text(f"{path}#id")


def test_too_little_text(tmp_path):
    (tmp_path / "short.txt").write_text("  Short. \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"haystack must be at least 1000 characters of text, got 6 in .*short"):
        load_text(str(tmp_path / "short.txt"))


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"file must be there, got '.*gone.txt'"):
        load_text(str(tmp_path / "gone.txt"))


@pytest.mark.parametrize("source", ["moby", "", "a/b/c/d", "owner/"])
def test_no_source(source):
    with pytest.raises(InputError, match="haystack must be one of moby_dick, state_of_the_union, the path of"):
        load_text(source)


@pytest.mark.parametrize(
    ("source", "origin", "column"),
    [
        ("o/plain", Origin("o/plain"), "text"),
        ("o/n.a-me/conf@1f2e:val[:10]#body", Origin("o/n.a-me", "conf", "val[:10]", "1f2e"), "body"),
        ("o/branch@refs/convert/parquet", Origin("o/branch", revision="refs/convert/parquet"), "text"),
    ],
)
def test_sources_on_the_hub(monkeypatch, source, origin, column):
    seen = []

    def load(asked, columns):
        seen.append((asked, columns))
        return type("Records", (), {"rows": datasets.Dataset.from_dict({columns[0]: [LONG]})})

    monkeypatch.setattr("lh_eval.corpora.texts.load_records", load)
    assert load_text(source).whole == LONG
    assert seen == [(origin, (column,))]
