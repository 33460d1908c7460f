import dataclasses
import json

import pytest
from hypothesis import given
from strategies import configs

from lh_eval import InputError, LighthouseConfig


@given(configs())
def test_json_round_trip(config):
    assert LighthouseConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LighthouseConfig().k = 4


def test_defaults_are_the_papers():
    config = LighthouseConfig()
    assert config.to_dict() == {
        "k": 2048,
        "num_levels": 3,
        "pooling_factor": 4,
        "scorer": "norm",
        "selection": "chunked",
        "tile_k": 128,
        "cover_prefix": False,
    }
    assert (config.window, config.num_tiles, config.entries_per_tile) == (16, 16, 128)


def test_later_fields_stand_in_files_where_they_are_not_the_default():
    older = {"k": 512, "scorer": "qk"}
    assert LighthouseConfig.from_dict(older).rope == "before"
    assert LighthouseConfig.from_dict(older).combine == "sum"
    values = LighthouseConfig(rope="after", combine="finest").to_dict()
    assert (values["rope"], values["combine"]) == ("after", "finest")
    assert LighthouseConfig.from_dict(values) == LighthouseConfig(rope="after", combine="finest")


def test_tiles():
    assert LighthouseConfig(k=64).num_tiles == 1
    assert LighthouseConfig(k=64).entries_per_tile == 64
    assert LighthouseConfig(k=1000, selection="global").num_tiles == 1
    assert LighthouseConfig(k=1000, selection="global").entries_per_tile == 1000


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k": 0}, "k must be a positive integer, got 0"),
        ({"rope": "later"}, "rope must be one of before, after, got 'later'"),
        ({"combine": "max"}, "combine must be one of sum, finest, mean, got 'max'"),
        ({"k": -2}, "k must be a positive integer, got -2"),
        ({"k": 2.0}, r"k must be a positive integer, got 2\.0"),
        ({"k": True}, "k must be a positive integer, got True"),
        ({"k": "2048"}, "k must be a positive integer, got '2048'"),
        ({"k": 10**18}, "k must be at most 16777216"),
        ({"k": 7}, "k must be even, got 7; half is kept by query score"),
        ({"k": 129}, "k must be even, got 129"),
        ({"k": 1000}, "k must be a multiple of tile_k = 128, got 1000; use 1024"),
        ({"k": 130}, "k must be a multiple of tile_k = 128, got 130; use 128"),
        ({"tile_k": 3, "k": 6}, "tile_k must be even, got 3"),
        ({"tile_k": 0}, "tile_k must be a positive integer, got 0"),
        ({"num_levels": 1}, "num_levels must be from 2 to 8, got 1; dense attention is config=None"),
        ({"num_levels": 9}, "num_levels must be from 2 to 8, got 9"),
        ({"pooling_factor": 2**70}, r"pooling_factor \*\* \(num_levels - 1\) must be at most 16777216"),
        ({"pooling_factor": 1}, "pooling_factor must be a power of two from 2 on, got 1"),
        ({"pooling_factor": 3}, "pooling_factor must be a power of two from 2 on, got 3"),
        ({"pooling_factor": 6}, "pooling_factor must be a power of two from 2 on, got 6"),
        ({"selection": "best"}, "selection must be one of chunked, global, got 'best'"),
        ({"scorer": "nrom"}, "scorer must be one of .*, got 'nrom'; did you mean 'norm'"),
        ({"scorer": 3}, "scorer must be a name .*, got 3"),
        ({"scorer": "qk:dilation=0"}, "dilation of scorer 'qk' must be at least 1, got 0"),
        ({"scorer": "qk:width=3"}, "option of scorer 'qk' must be NAME=VALUE with NAME one of dilation, got 'width=3'"),
        ({"scorer": f"random:seed={2**62}"}, "seed of scorer 'random' must be from"),
        ({"cover_prefix": 1}, "cover_prefix must be true or false, got 1"),
        (
            {"cover_prefix": True, "num_levels": 4, "pooling_factor": 8, "k": 32, "tile_k": 32},
            "tile_k must be at least 64 with cover_prefix at 4 levels of 8, got 32",
        ),
    ],
)
def test_bad_values(values, message):
    with pytest.raises(InputError, match=f"^{message}"):
        LighthouseConfig(**values)


def test_unknown_field():
    with pytest.raises(InputError, match=r"Lighthouse settings must be among .*pooling_factor.*, got 'levels'"):
        LighthouseConfig.from_dict({"levels": 3})
