"""The published data sets, on files of their schema."""

import json
import re

import datasets
import pytest
from published_rows import NOLIMA, POEM, babi_rows, hotpot_rows, longbench_rows, mrcr_rows, squad_rows

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, get_task
from lh_eval.tasks.building.haystack_text import data_hashes


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def write(tmp_path):
    def write(rows, name="rows.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return f"files={tmp_path / name}"

    return write


def _needle(sample, tokenizer, span=0):
    start, end = sample.spans[span]
    return tokenizer.decode(sample.prompt_ids[start:end])


def test_squad(write, tokenizers):
    task = get_task(f"squad:questions=2,{write(squad_rows())}")
    for trial in range(12):
        sample = task.sample(tokenizers["byte"], length=700, depth=40, trial=trial)
        assert len(sample.prompt_ids) == 700
        assert sample.answers == (sample.answer,)
        assert _needle(sample, tokenizers["byte"]).startswith(" In 15")
        assert sample.answer in _needle(sample, tokenizers["byte"])
        number = sample.answer[-1]
        question = tokenizers["byte"].decode(sample.question_ids)
        assert question.endswith(
            f"founded{' it' * ('Count' in sample.answer)}? {number}\nAnswer, in words of the text:"
        )
        assert f"Town {number} lies on a hill. In 150{number}" in tokenizers["byte"].decode(sample.context_ids)
    with pytest.raises(InputError, match="trial must be below 12"):
        task.sample(tokenizers["byte"], length=700, depth=40, trial=12)


def test_squad_without_enough_questions(write, tokenizers):
    with pytest.raises(InputError, match="dataset must have a paragraph with 4 answered questions, got none"):
        get_task(f"squad:{write(squad_rows())}").sample(tokenizers["byte"], length=700, depth=40, trial=0)


def test_hotpotqa(write, tokenizers):
    task = get_task(f"hotpotqa:{write(hotpot_rows())}")
    assert len(task.document().groups) == 4
    for trial in range(4):
        sample = task.sample(tokenizers["byte"], length=800, depth=60, trial=trial)
        number = sample.answer[-1]
        assert len(sample.prompt_ids) == 800
        assert _needle(sample, tokenizers["byte"], 0) == f"Film {number} is by Person {number}."
        assert _needle(sample, tokenizers["byte"], 1) == f"Person {number} is from Rome {number}.\n\n"
        assert f"maker of Film {number} from" in tokenizers["byte"].decode(sample.question_ids)


@pytest.mark.parametrize(("option", "said"), [("questions=2", "questions must be 1"), ("rows=0", "rows must be from")])
def test_hotpotqa_options(option, said):
    with pytest.raises(InputError, match=said):
        get_task(f"hotpotqa:{option}")


def test_babilong(write, tokenizers):
    task = get_task(f"babilong:split=qa8,{write(babi_rows())}")
    samples = [task.sample(tokenizers["byte"], length=500, depth=50, trial=trial) for trial in range(4)]
    by_answer = {sample.answer: sample for sample in samples}
    assert by_answer.keys() == {"room0", "room1", "room2", "milk, tea"}
    assert by_answer["milk, tea"].scoring == "all"
    assert by_answer["milk, tea"].answers == ("milk", "tea")
    assert by_answer["room1"].scoring == "any"
    assert _needle(by_answer["room1"], tokenizers["byte"]) == "\n\nMary went to room1.\n\n"
    assert "Where is Mary?\nAnswer:" in tokenizers["byte"].decode(by_answer["room1"].question_ids)


def test_nolima(write, tokenizers):
    task = get_task(f"nolima:{write(NOLIMA)}")
    samples = [task.sample(tokenizers["byte"], length=900, depth=20, trial=trial) for trial in range(3)]
    found = {_needle(sample, tokenizers["byte"]): sample for sample in samples}
    assert found.keys() == {
        " Actually, Yuki lives next to the Semper Opera House.",
        " Actually, Katie lives next to the Semper Opera House.",
        " Yuki is vegan.",
    }
    katie = found[" Actually, Katie lives next to the Semper Opera House."]
    assert katie.answer == "Katie"
    assert "Which character has been to Dresden?" in tokenizers["byte"].decode(katie.question_ids)
    with pytest.raises(InputError, match="which holds 3 of 3"):
        task.sample(tokenizers["byte"], length=900, depth=20, trial=3)


def test_nolima_hops(write, tokenizers):
    task = get_task(f"nolima:hops=twohop,{write(NOLIMA)}")
    sample = task.sample(tokenizers["byte"], length=900, depth=20, trial=0)
    assert "Which character has been to Saxony?" in tokenizers["byte"].decode(sample.question_ids)
    with pytest.raises(InputError, match="hops must be one of onehop, twohop, got '3'"):
        get_task("nolima:hops=3")
    with pytest.raises(InputError, match="dataset must have needles with twohop questions, got none"):
        get_task(f"nolima:hops=twohop,{write(NOLIMA[2:], 'one.json')}").characters()


def test_nolima_reads_one_file_of_the_hub():
    assert get_task("nolima:revision=abc").origin.member == "needlesets/needle_set.json"
    assert get_task("nolima:revision=abc").origin.revision == "abc"


def test_longbench_v2(write, tokenizers):
    task = get_task(f"longbench_v2:{write(longbench_rows())}")
    samples = [task.sample(tokenizers["byte"], length=800, depth=0, trial=trial) for trial in range(2)]
    assert {sample.answer for sample in samples} == {"A", "B"}  # of 260 characters and 520; the others do not fit
    for sample in samples:
        assert sample.choices == ["A", "B", "C", "D"]
        assert len(sample.prompt_ids) == 800
        number = "ABCD".index(sample.answer)
        assert _needle(sample, tokenizers["byte"]).count(f"The town {number}.") == 20 * (number + 1)
        assert f"B. town B{number}\n" in tokenizers["byte"].decode(sample.question_ids)
    with pytest.raises(InputError, match="3 rows fit whole at depth 0, got 800, which holds 2 of 4"):
        task.sample(tokenizers["byte"], length=800, depth=0, trial=2)


def test_mrcr(write, tokenizers):
    files = write(mrcr_rows())
    sample = get_task(f"mrcr:{files}").sample(tokenizers["byte"], length=600, depth=50, trial=0)
    assert sample.answer == "An old gull sat upon the pier and"
    assert _needle(sample, tokenizers["byte"]) == f"\n\nUser: write a poem about gulls\n\nAssistant: {POEM}\n\n"
    question = tokenizers["byte"].decode(sample.question_ids)
    assert question == "\n\nUser: Prepend x7Q to the first poem about gulls.\n\nAssistant: x7Q"
    with pytest.raises(InputError, match="which holds 1 of 2"):
        get_task(f"mrcr:{files}").sample(tokenizers["byte"], length=600, depth=50, trial=1)
    with pytest.raises(InputError, match="needles must be a number that the rows have, got 8"):
        get_task(f"mrcr:needles=8,{files}").sample(tokenizers["byte"], length=600, depth=50, trial=0)


ROWS = {
    "squad": squad_rows(),
    "hotpotqa": hotpot_rows(),
    "babilong": babi_rows(),
    "nolima": NOLIMA,
    "longbench_v2": longbench_rows(),
    "mrcr": mrcr_rows(),
}
NAMES = list(ROWS)
COLUMNS = [(name, column) for name in NAMES for column, _ in TASKS.get(name).SCHEMA]
DEEPER = [  # of the right outer shape
    ("squad", "answers", {"text": ["1500"]}),
    ("squad", "answers", {"text": ["1500"], "answer_start": []}),
    ("squad", "answers", {"text": ["1500"], "answer_start": [None]}),
    ("squad", "answers", {"text": None, "answer_start": [1]}),
    ("hotpotqa", "context", {"title": ["T"], "sentences": ["Not in a list."]}),
    ("hotpotqa", "context", {"title": ["T"], "sentences": []}),
    ("hotpotqa", "supporting_facts", {"title": ["T"], "sent_id": ["0"]}),
    ("nolima", "questions", {"onehop": 7}),
    ("nolima", "character_set", [None]),
    ("nolima", "tests", {"T1": {"input_args": "Dresden"}}),
    ("nolima", "tests", {"T1": ["Dresden"]}),
    ("longbench_v2", "answer", "E"),
    ("mrcr", "prompt", "no JSON"),
    ("mrcr", "prompt", "[]"),
    ("mrcr", "prompt", json.dumps([{"role": "user"}])),
]


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [*((*place, value) for place in COLUMNS for value in (None, 2.5, [["x"]], {"x": 7})), *DEEPER],
)
def test_columns_that_hold_something_else(name, column, value, write, tokenizers):
    files = write([row | {column: value} for row in ROWS[name]])
    spec = f"{name}:{files}{',questions=1' * (name == 'squad')}"
    with pytest.raises(InputError, match=rf"column '{column}' must be .*, got .* in row \d of /") as error:
        get_task(spec).sample(tokenizers["byte"], length=900, depth=40, trial=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_another_schema_and_no_hub(name, write, tokenizers, monkeypatch):
    files = write([{"text": "none of these"}])
    with pytest.raises(InputError, match=r"dataset must have the columns .* is missing") as error:
        get_task(f"{name}:{files}").sample(tokenizers["byte"], length=900, depth=0, trial=0)
    assert "\n" not in str(error.value)

    def refuse(*_, **__):
        raise ConnectionError("Couldn't reach the Hub\nand more")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    task = get_task(f"{name}:revision=no-such-{name}")
    with pytest.raises(InputError, match=f"hub must be reachable for '{task.NAME}") as error:
        task.sample(tokenizers["byte"], length=900, depth=0, trial=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_pinned_to_a_commit(name):
    assert re.fullmatch("[0-9a-f]{40}", get_task(name).origin.revision)
    assert get_task(f"{name}:revision=main").origin.revision == "main"


def test_hash_of_the_rows(write):
    one, other = write(NOLIMA), write(NOLIMA[:2], "other.jsonl")
    hashes = {get_task(f"nolima:{files}").data_sha256 for files in (one, other)}
    assert len(hashes) == 2


def test_commit_of_the_rows(write, monkeypatch):
    rows = datasets.Dataset.from_list(NOLIMA)
    rows.info.download_checksums = {"hf://datasets/amodaresi/NoLiMa@77aa/needlesets/needle_set.json": {}}
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows)
    recorded = data_hashes(get_task("nolima:revision=pinned"))
    assert recorded.keys() == {"data_sha256", "data_revision", "haystack_sha256"}
    assert recorded["data_revision"] == "77aa"
