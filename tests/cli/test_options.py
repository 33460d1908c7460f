import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.cli.options import parse_depths, parse_ints, parse_layers, parse_lengths, parse_names
from lh_eval.errors import InputError

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True)


def joined(values, show=str):
    return ",".join(map(show, values))


def short(length):
    """The shortest way to write a length."""
    for unit, size in (("M", 1024 * 1024), ("k", 1024)):
        if length % size == 0:
            return f"{length // size}{unit}"
    return str(length)


def test_lengths():
    assert parse_lengths("4k, 8K,16384,1M,100") == [4096, 8192, 16384, 1048576, 100]


@given(st.lists(st.integers(1, 2**24) | st.integers(1, 2**12).map(lambda n: 1024 * n), min_size=1, unique=True))
def test_lengths_round_trip(lengths):
    assert parse_lengths(joined(lengths, short)) == parse_lengths(joined(lengths)) == lengths


@pytest.mark.parametrize("text", ["0", "-4096", "0k", "4g", "k", "4.5k", "4 k", "1e3", "٤"])
def test_bad_length(text):
    with pytest.raises(InputError, match=f"length must be a positive number of tokens .* got '{text}'"):
        parse_lengths(f"4k,{text}")


def test_depths():
    assert parse_depths("0,12.5, 100") == [0.0, 12.5, 100.0]


@given(st.lists(st.floats(0, 100), min_size=1, unique=True))
def test_depths_round_trip(depths):
    assert parse_depths(joined(depths)) == depths


@pytest.mark.parametrize("text", ["120", "-1", "100.01", "nan", "inf", "half"])
def test_bad_depth(text):
    with pytest.raises(InputError, match=f"depth must be from 0 to 100, got {text}"):
        parse_depths(f"0,{text}")


@given(st.lists(st.integers(), min_size=1, unique=True))
def test_ints_and_layers_round_trip(values):
    assert parse_ints(joined(values), "k") == values
    assert parse_layers(joined(values)) == values


def test_bad_int():
    with pytest.raises(InputError, match=r"k must be an integer, got '2k'"):
        parse_ints("512,2k", "k")
    with pytest.raises(InputError, match="trials must be an integer from 1 on, got '0'"):
        parse_ints("0", "trials", minimum=1)


def test_layers():
    assert parse_layers("0,1,-2,-1") == [0, 1, -2, -1]
    assert parse_layers("none") == []
    with pytest.raises(InputError, match="layer must be an integer, got 'None'"):
        parse_layers("None")


def test_names():
    assert parse_names("norm,qk:dilation=8,causal=1,random:seed=3, recency") == [
        "norm",
        "qk:dilation=8,causal=1",
        "random:seed=3",
        "recency",
    ]


@given(
    st.lists(
        st.tuples(NAMES, st.dictionaries(NAMES, st.integers(), max_size=3)).map(
            lambda spec: (
                spec[0] + (":" + joined(spec[1].items(), lambda item: f"{item[0]}={item[1]}") if spec[1] else "")
            )
        ),
        min_size=1,
        unique=True,
    )
)
def test_names_round_trip(specs):
    assert parse_names(joined(specs)) == specs


@pytest.mark.parametrize("text", ["dilation=8", "norm,dilation=8"])
def test_option_without_a_name(text):
    with pytest.raises(InputError, match="scorer must be NAME or NAME:OPTION=VALUE, got 'dilation=8'"):
        parse_names(text)


@pytest.mark.parametrize("parse", [parse_lengths, parse_depths, parse_layers, parse_names])
@pytest.mark.parametrize("text", ["", "1,,2", "1,", " "])
def test_empty_item(parse, text):
    with pytest.raises(InputError, match="with an empty item"):
        parse(text)


@pytest.mark.parametrize(
    ("parse", "text"),
    [(parse_lengths, "4k,4096"), (parse_depths, "50,50.0"), (parse_layers, "1,1"), (parse_names, "a,a")],
)
def test_the_same_twice(parse, text):
    with pytest.raises(InputError, match="must be different from one another"):
        parse(text)
