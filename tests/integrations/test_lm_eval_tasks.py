import dataclasses
import json
from pathlib import Path

import datasets
import lm_eval
import pytest
from lm_eval.tasks import TaskManager
from transformers import AutoTokenizer

from lh_eval import evaluate
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.integrations import lm_eval_tasks
from lh_eval.integrations.lm_eval_model import LighthouseLM
from lh_eval.integrations.lm_eval_rates import aggregations
from lh_eval.integrations.lm_eval_tasks import choice_result, documents, generated_result, sample_of
from lh_eval.integrations.lm_eval_yaml import lm_eval_folder, yaml_files
from lh_eval.tasks.base import TASKS, Sample

GRID = {"lengths": [300, 400], "depths": [0, 100], "trials": 2}


@pytest.mark.long
def test_the_files_are_in_step_with_the_registry():
    there = {path.name: path.read_text(encoding="utf-8") for path in Path(lm_eval_folder()).glob("*.yaml")}
    assert there == yaml_files(), "run python -m lh_eval.integrations.lm_eval_yaml"


def test_lm_eval_finds_and_loads_the_tasks():
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata={**GRID, "k": 64})
    # a template is the model's, which lm-eval applies itself
    names = {f"lh_{name}" for name in TASKS.names() if name != "chat"}
    assert names | {"lh_eval", "lh_eval_published"} == set(manager.all_tasks)
    task = manager.load("lh_passkey")["tasks"]["lh_passkey"]
    assert len(task.eval_docs) == 8
    doc = task.eval_docs[0]
    assert task.doc_to_text(doc) == doc["text"]
    assert task.doc_to_choice(doc)[task.doc_to_target(doc)] == doc["answer"]


PUBLISHED = {
    "squad": [
        {
            "context": f"Town {i} lies on a hill. In {1500 + i} it was founded. It has a bridge.",
            "question": f"When was town {i} founded?",
            "answers": {"text": [str(1500 + i)], "answer_start": [len(f"Town {i} lies on a hill. In ")]},
        }
        for i in range(6)
    ],
    "longbench_v2": [
        {"question": f"Which town {i}?", "answer": "ABCD"[i % 4], "context": f"The town {i}. " * 9}
        | {f"choice_{letter}": f"town {letter}" for letter in "ABCD"}
        for i in range(6)
    ],
}


@pytest.mark.parametrize(("name", "options"), [("squad", ",questions=1"), ("longbench_v2", "")])
def test_a_published_data_set_runs_from_a_local_file(name, options, tmp_path, checkpoint, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in PUBLISHED[name]), encoding="utf-8")
    grid = {"lengths": [700], "depths": [0, 100], "trials": 3}
    metadata = {"lh_task": f"{name}:files={file}{options}", **grid}
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=metadata)
    model = LighthouseLM(device="cpu", attention="dense")
    out = lm_eval.simple_evaluate(model=model, tasks=[f"lh_{name}"], task_manager=manager, log_samples=True)
    logged = {
        (sample["doc"]["depth"], sample["doc"]["trial"], sample["doc"]["prompt_sha256"]): sample["acc"]
        for sample in out["samples"][f"lh_{name}"]
    }
    rows = evaluate(checkpoint.model, checkpoint.tokenizer, task=metadata["lh_task"], **grid)
    assert logged == {(row.depth, row.trial, row.prompt_sha256): row.score for row in rows.itertuples()}
    assert len(logged) == 6


def test_a_published_data_set_offline_says_so(monkeypatch):
    def refuse(*_, **__):
        raise ConnectionError("Couldn't reach the Hub")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(InputError, match="hub must be reachable for 'rajpurkar/squad@no-such"):
        documents(lh_task="squad:revision=no-such", tokenizer=byte_tokenizer(), **GRID)


def test_more_trials_than_there_are_samples():
    grid = {"lengths": 3000, "depths": 50, "trials": 85}
    with pytest.raises(InputError, match="as many questions as Element has, got 84; take at most 84 trials"):
        documents(lh_task="element", tokenizer=byte_tokenizer(), **grid)


def test_documents_are_the_tasks_samples():
    tokenizer = byte_tokenizer()
    docs = documents(lh_task="keyed:records=2", tokenizer=tokenizer, **GRID)["test"]
    places = [(doc["length"], doc["depth"], doc["trial"]) for doc in docs]
    assert places == [(n, d, t) for t in (0, 1) for n in (300, 400) for d in (0.0, 100.0)]
    for doc in docs:
        sample = sample_of(tokenizer, doc)
        assert tokenizer.encode(doc["text"] + doc["gap"] + doc["gen_prefix"]) == sample.prompt_ids
        assert doc["text"].endswith("?")
        assert doc["gen_prefix"].startswith("The pass key for")
        assert doc["choices"][doc["gold"]] == doc["answer"] == sample.answer
        assert tokenizer.encode(doc["gen_prefix"] + doc["choices"][0])[-1] == sample.choice_ids[0]
        assert doc["context_tokens"] == len(sample.context_ids)


def test_one_length_and_one_depth_may_be_numbers():
    docs = documents(lh_task="passkey", tokenizer=byte_tokenizer(), lengths=300, depths=50, trials=1)["test"]
    assert [(doc["length"], doc["depth"]) for doc in docs] == [(300, 50.0)]


def test_the_models_tokenizer_is_found_by_its_name(tmp_path):
    byte_tokenizer().save_pretrained(tmp_path)
    (default,) = documents(lh_task="passkey", lengths=300, depths=0, trials=1)["test"]
    (named,) = documents(lh_task="passkey", pretrained=str(tmp_path), lengths=300, depths=0, trials=1)["test"]
    assert default == named


@pytest.fixture
def words(tmp_path):
    """A tokenizer that puts a token before each text, and the space before a digit into its token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from tokenizers.decoders import ByteLevel
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [f"Ġ{digit}" for digit in "0123456789"]
    vocab = {token: i for i, token in enumerate(["<s>", *alphabet, *pairs])}
    core = Tokenizer(models.BPE(vocab=vocab, merges=[("Ġ", digit) for digit in "0123456789"]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = ByteLevel()
    core.add_special_tokens(["<s>"])
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="<s>").save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path)


def test_a_tokenizer_with_spaces_in_its_tokens(words):
    (doc,) = documents(lh_task="passkey", tokenizer=words, lengths=300, depths=50, trials=1)["test"]
    assert doc["choices"] == [f" {digit}" for digit in "0123456789"]
    assert "<s>" not in doc["text"]  # lm-eval's model adds it
    sample = sample_of(words, doc)
    assert sample.context_ids[0] == words.bos_token_id
    assert words.decode([*sample.prompt_ids, sample.choice_ids[3]], skip_special_tokens=True).endswith("is 3")


def test_choices_that_look_alike_as_text_are_refused(words, monkeypatch):
    monkeypatch.setattr(lm_eval_tasks, "_decode", lambda tokenizer, ids: "x" * len(ids))
    with pytest.raises(InputError, match="tokenizer must tell the choices apart as text"):
        documents(lh_task="passkey", tokenizer=words, lengths=300, depths=50, trials=1)


def test_documents_of_another_tokenizer_are_refused(words):
    (doc,) = documents(lh_task="passkey", tokenizer=words, lengths=300, depths=50, trials=1)["test"]
    with pytest.raises(InputError, match="documents of passkey must be made with the model's tokenizer"):
        sample_of(byte_tokenizer(), doc)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lengths": [0]}, "lengths must be token counts"),
        ({"depths": [120]}, "depths must be percentages"),
        ({"trials": 0}, "trials must be"),
        ({"lengths": [10]}, "length must be at least"),
        ({"lh_task": "passkye"}, "did you mean 'passkey'"),
    ],
)
def test_bad_metadata(changes, message):
    with pytest.raises(InputError, match=message):
        documents(**{"lh_task": "passkey", "tokenizer": byte_tokenizer(), **changes})


def test_choice_result():
    doc = {"gold": 1, "length": 300, "lengths": [300], "context_number": 2}
    right = choice_result(doc, [(-2.0, False), (-1.0, False)])
    assert right == {"acc": 1.0, "acc_stderr_clustered": (1.0, 300, 2)}
    assert choice_result(doc, [(-1.0, False), (-1.0, False)])["acc"] == 0.0  # of equals the first, as argmax
    several = choice_result(doc | {"lengths": [300, 400]}, [(-2.0, False), (-1.0, False)])
    assert several["acc_at_300"] == several["acc_at_400"] == (1.0, 300, 2)  # each metric has a value of each document
    assert aggregations([300, 400])["acc_at_300"]([(1.0, 300, 2), (0.0, 400, 2)]) == 1.0


@pytest.fixture
def told(monkeypatch):
    """A task whose answer is generated, registered as `told` beside passkey alone."""
    monkeypatch.setattr(TASKS, "_classes", {"passkey": TASKS.get("passkey")})

    @TASKS.register("told")
    @dataclasses.dataclass(frozen=True)
    class Told:
        """Two words to be said."""

        def sample(self, tokenizer, *, length, depth, trial, seed=0):
            ids = tokenizer.encode("red and blue. Which colours?")
            filler = tokenizer.encode("x" * (length - len(ids)))
            return Sample(
                context_ids=filler + ids[:13],
                question_ids=ids[13:],
                answer="red, blue",
                answers=("red", "blue"),
                scoring="all",
                max_new_tokens=5,
                needle_start=len(filler),
                needle_end=len(filler) + 12,
                depth=100.0,
            )


def test_generated_documents(told):
    (doc,) = documents(lh_task="told", tokenizer=byte_tokenizer(), lengths=300, depths=100, trials=1)["test"]
    assert (doc["answers"], doc["scoring"], doc["max_new_tokens"]) == (["red", "blue"], "all", 5)
    assert "gold" not in doc
    with pytest.raises(InputError, match=r"got the needle of trial 0 95\.4 points off depth 0 at length 300"):
        documents(lh_task="told", tokenizer=byte_tokenizer(), lengths=300, depths=0, trials=1)
    assert generated_result(doc, [" blue or green"])["acc"] == 0.5


def test_the_file_of_a_task_that_generates(told):
    files = yaml_files()
    assert "include: _generate\ntask: lh_told\n" in files["told.yaml"]
    assert "include: _choice\n" in files["passkey.yaml"]


def test_a_task_that_needs_an_option_has_no_file(told):
    @TASKS.register("must")
    @dataclasses.dataclass(frozen=True)
    class Must:
        """Needs a file."""

        file: str

    assert "must.yaml" not in yaml_files()
