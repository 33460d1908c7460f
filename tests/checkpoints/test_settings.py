import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    k=st.integers(1, 20).map(lambda n: 128 * n),
    layers=st.lists(st.integers(-40, 40), max_size=5).map(tuple),
    training=st.dictionaries(st.text(), JSON_VALUES, max_size=3),
)
def test_round_trip(tmp_path_factory, k, layers, training):
    folder = tmp_path_factory.mktemp("checkpoint")
    settings = CheckpointSettings(config=LighthouseConfig(k=k), dense_layers=layers, training=training)
    settings.write(folder)
    assert CheckpointSettings.read(folder) == settings


def test_no_file(tmp_path):
    assert CheckpointSettings.read(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be a JSON file"),
        ("[]", "must be an object of config, dense_layers, training, got list"),
        ("{}", "must be an object of config, dense_layers, training, got nothing"),
        ('{"config": {}, "layers": [1]}', "got config, layers"),
        ('{"config": 3}', "config must be an object, got 3"),
        ('{"config": {"k": 7}}', "k must be even, got 7"),
        ('{"config": {"kk": 7}}', "got 'kk'"),
        ('{"config": {}, "dense_layers": "0,1"}', "dense_layers must be a list of integers, got '0,1'"),
        ('{"config": {}, "dense_layers": [true]}', "dense_layers must be a list of integers"),
        ('{"config": {}, "training": []}', "training must be an object"),
    ],
)
def test_broken_file(tmp_path, text, message):
    (tmp_path / "lighthouse.json").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        CheckpointSettings.read(tmp_path)
    assert "lighthouse.json" in str(error.value)


def test_file_that_is_no_text(tmp_path):
    (tmp_path / "lighthouse.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="must be a JSON file"):
        CheckpointSettings.read(tmp_path)


def test_parts_that_may_be_left_out(tmp_path):
    (tmp_path / "lighthouse.json").write_text(json.dumps({"config": {"k": 256}}))
    assert CheckpointSettings.read(tmp_path) == CheckpointSettings(config=LighthouseConfig(k=256))
