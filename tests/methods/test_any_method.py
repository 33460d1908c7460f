"""What every method must hold to, a third party's too: add its spec to SPECS, or run with `--methods SPEC`."""

import dataclasses
import json
from importlib.util import find_spec

import numpy as np
import pytest
from asking import Trees, tiny_llama

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.engine.rows import iterate_rows
from lh_eval.methods.base import METHODS, Method
from lh_eval.runs.setting import Setting, resolve_setting
from lh_eval.store.rows import to_frame

SPECS = {
    "dense": "dense",
    "lighthouse": "lighthouse:k=16,num_levels=2,dense_layers=0/-1",
    "window": "window:tokens=64",
    "block": "block:size=16,top=3",
    "forced": "forced:k=16,num_levels=2,dense_layers=0/-1,needle=in,question=out",
    "halved": "halved:k=16,num_levels=2,dense_layers=0/-1",
    "press": "press:knorm,ratio=0.5",
}
KEYS = [("trees", 200, depth, trial) for depth in (0.0, 50.0, 100.0) for trial in range(4)]
DEFAULTS = CheckpointSettings(config=LighthouseConfig(), dense_layers=(0, -1))
CLOSE = ["first_token_logprob", "answer_logprob", "margin"]


@pytest.fixture(params=SPECS.values(), ids=SPECS)
def method(request):
    if request.param.startswith("press") and find_spec("kvpress") is None:
        pytest.skip("kvpress is not installed")
    return METHODS.build(request.param)


@pytest.fixture
def run(monkeypatch):
    """Rows of a task with two questions a context, by a tiny model."""

    def run(method, *, reading=None, model=None, keys=KEYS, task=None, **options):
        monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: task or Trees(questions=2))
        reading = reading or method.readings[0]
        rows = iterate_rows(model or tiny_llama(), byte_tokenizer(), keys, method, reading=reading, **options)
        frame = to_frame(rows)
        assert frame["error"].isna().all(), frame["error"].dropna().iloc[0]
        assert set(frame["reading"]) == {reading}
        return frame.drop(columns="seconds")

    return run


def same(left, right):
    np.testing.assert_allclose(left[CLOSE], right[CLOSE], atol=1e-3)
    assert left.drop(columns=CLOSE).equals(right.drop(columns=CLOSE))


def test_every_method_is_tested():
    ours = {name for name in METHODS.names() if METHODS.get(name).__module__.startswith("lh_eval.")}
    assert ours == SPECS.keys()


def test_it_is_a_frozen_dataclass_with_a_description(method):
    assert dataclasses.is_dataclass(method)
    assert method.__doc__.partition("\n")[0].endswith((".", ")"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        method.readings = ()


def test_its_spec_and_its_values_make_it_again(method):
    assert METHODS.build(str(method.spec)) == method
    assert METHODS.spec(str(method.spec)) == method.spec
    values = json.loads(json.dumps(method.to_dict()))
    if values is not None:  # options that older files do not have stand there where they are not the default
        absent = method.options.keys() - values.keys()
        assert absent <= {"rope", "combine", "local"}
        assert all(method.options[name] == getattr(type(method), name) for name in absent)
    assert isinstance(resolve_setting(str(method.spec), DEFAULTS), Setting)


def test_figures_can_name_it(method):
    assert method.folder_name() == method.folder_name().replace("/", "_") != ""
    assert method.family()
    assert (method.budget is None) == (method.budget_option is None)
    if method.budget_option:
        other = dataclasses.replace(method, **{method.budget_option: 2 * method.budget if method.budget > 1 else 0.25})
        assert other.family() == method.family()
        assert other.folder_name() != method.folder_name()


@pytest.mark.parametrize("index", [0, 1])
def test_rows_depend_neither_on_batches_nor_on_what_is_shared(method, run, index):
    if index >= len(method.readings):
        pytest.skip("it has one reading")
    reading = method.readings[index]
    plain = run(method, reading=reading, sharing=False, batch_size=1)
    same(plain, run(method, reading=reading))
    same(plain, run(method, reading=reading, batch_size=3))
    one = [key for key in KEYS if key[2] == 50.0]
    same(plain[plain["depth"] == 50.0].reset_index(drop=True), run(method, reading=reading, keys=one))


def test_recall_is_there_where_tokens_are_kept(method, run):
    frame = run(method)
    assert frame["selection_recall"].isna().all() == (method.spec == "dense")
    assert frame["selection_recall"].dropna().between(0, 1).all()


def test_the_model_is_afterwards_as_it_was(method, run):
    model = tiny_llama()
    before = {name: {*vars(module)} for name, module in model.named_modules()}
    plain = run(METHODS.build("dense"), model=model)
    run(method, model=model)
    assert {name: {*vars(module)} for name, module in model.named_modules()} == before
    assert model.config._attn_implementation == "sdpa"
    assert run(METHODS.build("dense"), model=model).equals(plain)


def test_choices_and_texts(method, run):
    frame = run(method, task=Trees(scoring="choice"))
    assert frame["rank"].isin([1, 2]).all()


def test_a_model_that_it_cannot_run_is_told_in_one_line(method):
    reason = method.check(tiny_llama())
    assert reason is None
    assert isinstance(method, Method)
