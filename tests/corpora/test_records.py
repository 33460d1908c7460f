import json

import datasets
import pytest

from lh_eval.corpora.records import Origin, load_records
from lh_eval.errors import InputError

ROWS = [{"a": i, "b": f"text {i}", "c": None} for i in range(3)]


def test_rows_of_local_files(write_rows):
    path = write_rows(ROWS)
    records = load_records(Origin("owner/name", files=path), ("a", "b"))
    assert list(records.rows) == [{"a": i, "b": f"text {i}"} for i in range(3)]
    assert records.revision is None


def test_a_hash_of_the_columns_whatever_the_format(write_rows, tmp_path):
    jsonl = load_records(Origin("", files=write_rows(ROWS)), ("a", "b"))
    datasets.Dataset.from_list(ROWS).to_parquet(tmp_path / "rows.parquet")
    parquet = load_records(Origin("", files=str(tmp_path / "rows.parquet")), ("a", "b"))
    other = load_records(Origin("", files=write_rows(ROWS[:2], "other.jsonl")), ("a", "b"))
    assert jsonl.sha256 == parquet.sha256 != other.sha256


def test_a_pattern_of_several_files(write_rows, tmp_path):
    write_rows(ROWS, "part-1.jsonl")
    write_rows(ROWS, "part-2.jsonl")
    assert len(load_records(Origin("", files=str(tmp_path / "part-*.jsonl")), ("a",)).rows) == 6


def test_missing_column(write_rows):
    path = write_rows(ROWS)
    with pytest.raises(InputError, match=r"columns a, question, got a, b, c in .*; 'question' is missing"):
        load_records(Origin("", files=path), ("a", "question"))


def test_missing_file():
    with pytest.raises(InputError, match=r"file must be there, got 'none\.jsonl'; give the path of a \.txt"):
        load_records(Origin("", files="none.jsonl"), ("a",))


def test_unknown_and_mixed_formats(write_rows, tmp_path):
    write_rows(ROWS, "rows.xml")
    write_rows(ROWS, "rows.csv")
    for pattern in ("rows.xml", "rows.*"):
        with pytest.raises(InputError, match="file must be one of"):
            load_records(Origin("", files=str(tmp_path / pattern)), ("a",))


def test_broken_and_empty_files(tmp_path, capsys):
    (tmp_path / "broken.jsonl").write_text("{no json")
    with pytest.raises(InputError, match=r"file must be readable as json, got .*broken") as error:
        load_records(Origin("", files=str(tmp_path / "broken.jsonl")), ("a",))
    assert "\n" not in str(error.value)
    assert capsys.readouterr() == ("", "")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(InputError, match=r"file must be readable as json, got .*empty.*: no data"):
        load_records(Origin("", files=str(tmp_path / "empty.jsonl")), ("a",))
    datasets.Dataset.from_dict({"a": []}).to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(InputError, match=r"file must be readable as parquet, got .*empty.*no data"):
        load_records(Origin("", files=str(tmp_path / "empty.parquet")), ("a",))


@pytest.mark.parametrize(
    "text", ['null\n{"a": 1}\n', '{"a": 1}\n[]\n', '[{"a": 1}, null]', "3\n", '[\n{"a": 1},\n"b"]']
)
def test_json_that_holds_no_rows(text, tmp_path):
    (tmp_path / "rows.jsonl").write_text(text)  # the first ended the process in pyarrow's parser
    with pytest.raises(InputError, match=r"file must be readable as json, got .*: row \d is no JSON object"):
        load_records(Origin("", files=str(tmp_path / "rows.jsonl")), ("a",))


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '[\n {"a": 1},\n {"a": 2}\n]', '\ufeff{"a": 1}\n\n{"a": 2}'])
def test_json_rows_may_be_a_list(text, tmp_path):
    (tmp_path / "rows.json").write_text(text, encoding="utf-8")
    assert load_records(Origin("", files=str(tmp_path / "rows.json")), ("a",)).rows["a"][:] == [1, 2]


def test_no_rows(monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: datasets.Dataset.from_dict({"a": []}))
    with pytest.raises(InputError, match=r"dataset must have rows, got none in owner/four@main:train\[:0\]"):
        load_records(Origin("owner/four", split="train[:0]"), ("a",))


def test_the_hub_is_asked_for_exactly_that(monkeypatch):
    asked = {}

    def load(path, name, **options):
        asked.update(options, path=path, name=name)
        return datasets.Dataset.from_list(ROWS)

    monkeypatch.setattr(datasets, "load_dataset", load)
    load_records(Origin("owner/one", "long", "test", "abc123", member="part.json"), ("a",))
    assert asked == {
        "path": "owner/one", "name": "long", "split": "test", "revision": "abc123", "data_files": "part.json",
    }  # fmt: skip


def test_the_commit_is_kept(monkeypatch):
    rows = datasets.Dataset.from_list(ROWS)
    rows.info.download_checksums = {"hf://datasets/owner/two@0123abc/data/part.parquet": {}}
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows)
    assert load_records(Origin("owner/two"), ("a",)).revision == "0123abc"


def test_offline():
    origin = Origin("owner/never-loaded", revision="v1", split="test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(InputError, match=r"hub must be reachable for 'owner/never-loaded@v1:test'.*local") as error:
            load_records(origin, ("a",))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (datasets.exceptions.DatasetNotFoundError("no such"), "dataset must be on the hub and open to you"),
        (ValueError('Unknown split "x".\nShould be'), 'configuration and split, got Unknown split "x".'),
    ],
)
def test_what_the_hub_refuses(monkeypatch, raised, said):
    def load(*_, **__):
        raise raised

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(InputError) as error:
        load_records(Origin("owner/three", split=json.dumps(said)), ("a",))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
