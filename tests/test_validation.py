"""Validated dataclasses: the first value that does not fit is named in one sentence."""

import dataclasses
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from lh_eval.errors import InputError
from lh_eval.validation import build, validated


@validated("a point")
class Point:
    x: Annotated[float, Field(ge=0, lt=10)]
    axis: Literal["left", "right"] = "left"
    size: tuple[int, int] | None = None
    labels: tuple[str, ...] = ()
    shares: dict[str, float] = dataclasses.field(default_factory=dict)
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)
    flag: bool = False

    def __post_init__(self) -> None:
        if self.x == 5:
            raise InputError("x must not be 5, got 5")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a point must have the fields x, axis, size, labels, shares, extra, flag, got no 'x'"),
        ({"x": 1, "y": 2}, "a point must have the fields x, axis, size, labels, shares, extra, flag, got 'y'"),
        ({"x": -1.0}, "x must be 0 or more, got -1.0"),
        ({"x": 10}, "x must be below 10, got 10"),
        ({"x": "1"}, "x must be a number, got '1'"),
        ({"x": True}, "x must be a number, got True"),
        ({"x": float("inf")}, "x must be a number, got inf"),
        ({"x": 5}, "x must not be 5, got 5"),
        ({"x": 1, "axis": "top"}, "axis must be left or right, got 'top'"),
        ({"x": 1, "size": (1,)}, "size must be a list of an integer, an integer or none, got [1]"),
        ({"x": 1, "labels": ("a", 1)}, "labels must be a list, each a string, got ['a', 1]"),
        ({"x": 1, "shares": {"a": "b"}}, "shares must be a table, each a number, got {'a': 'b'}"),
        ({"x": 1, "extra": 3}, "extra must be a table, got 3"),
        ({"x": 1, "flag": 1}, "flag must be true or false, got 1"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(values, message):
    with pytest.raises(InputError) as error:
        Point(**values)
    assert str(error.value) == message


def test_integers_become_floats_and_lists_of_a_table_become_tuples():
    point = build(Point, "point", {"x": 1, "size": [1, 2]})
    assert point == Point(x=1.0, size=(1, 2))
    assert isinstance(point.x, float)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2.0
    with pytest.raises(InputError, match="x must be 0 or more"):
        dataclasses.replace(point, x=-1)
    with pytest.raises(InputError, match="point must be a table, got 3"):
        build(Point, "point", 3)
