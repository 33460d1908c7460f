import dataclasses
import importlib.metadata
import pickle
import sys
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lh_eval.registry
from lh_eval import InputError
from lh_eval.registry import Registry
from lh_eval.spec import format_value, parse_value, slug


@dataclasses.dataclass(frozen=True)
class Plugin:
    """A plug-in."""

    count: int = 1
    rate: float = 0.5
    name: str = ""


@pytest.fixture
def registry():
    """Plug-ins `alpha` and `beta`, beside the modules of a folder that registers elsewhere."""
    made = Registry("gadget", folder="lh_eval.scorers", group="lh_eval.gadgets")
    made.register("alpha")(Plugin)
    made.register("beta")(type("Beta", (), {}))
    return made


@pytest.fixture
def entry_points(monkeypatch):
    """Install entry points for the test: name -> "module:attribute"."""

    def install(**values):
        def find(*, group):
            assert group == "lh_eval.gadgets"
            return [importlib.metadata.EntryPoint(name, value, group) for name, value in values.items()]

        monkeypatch.setattr(lh_eval.registry, "entry_points", find)

    return install


def test_names_and_get(registry):
    assert registry.names() == ["alpha", "beta"]
    assert registry.get("alpha") is Plugin


@pytest.mark.parametrize("name", ["alhpa", "Alpha", "alph"])
def test_unknown_name_names_the_nearest(registry, name):
    with pytest.raises(InputError, match=f"^gadget must be one of alpha, beta, got '{name}'; did you mean 'alpha'"):
        registry.get(name)


def test_nothing_registered():
    empty = Registry("gadget", folder="lh_eval.scorers", group="lh_eval.gadgets")
    with pytest.raises(InputError, match="no gadget is registered"):
        empty.get("alpha")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("alpha", Plugin()),
        ("alpha:", Plugin()),
        ("alpha:count=3", Plugin(count=3)),
        ("alpha:count=-3,rate=1e-3,name=a=b", Plugin(-3, 1e-3, "a=b")),
    ],
)
def test_specs(registry, spec, expected):
    assert registry.build(spec) == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "alpha:size=3",
            "option of gadget 'alpha' must be NAME=VALUE with NAME one of count, rate, name, got 'size=3'",
        ),
        ("alpha:count", "option of gadget 'alpha' must be NAME=VALUE with NAME one of count, rate, name, got 'count'"),
        ("beta:count=3", "option of gadget 'beta' must be NAME=VALUE with NAME one of none, got 'count=3'"),
        ("alpha:count=1.5", "option count of gadget 'alpha:count=1.5' must be int, got '1.5'"),
        ("alpha:rate=fast", "option rate of gadget 'alpha:rate=fast' must be float, got 'fast'"),
    ],
)
def test_bad_specs(registry, spec, message):
    with pytest.raises(InputError) as error:
        registry.build(spec)
    assert str(error.value) == message


def test_a_name_can_be_taken_once(registry):
    registry.register("alpha")(Plugin)  # the same class again, as on a second import
    with pytest.raises(InputError, match="gadget name must be free, got 'alpha' twice"):
        registry.register("alpha")(type("Other", (), {}))


def test_entry_point_of_a_class(registry, entry_points):
    entry_points(fraction="fractions:Fraction")
    assert registry.names() == ["alpha", "beta", "fraction"]
    assert registry.build("fraction") == 0


def test_entry_point_of_a_module_that_registers_itself(registry, entry_points, tmp_path, monkeypatch):
    (tmp_path / "gadget_plugin.py").write_text("import gadget_registry\ngadget_registry.made.register('gamma')(dict)\n")
    (tmp_path / "gadget_registry.py").write_text("made = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(importlib.import_module("gadget_registry"), "made", registry)
    entry_points(anything="gadget_plugin")
    assert registry.names() == ["alpha", "beta", "gamma"]


def test_entry_point_cannot_replace_ours(registry, entry_points):
    entry_points(alpha="fractions:Fraction")
    assert registry.get("alpha") is Plugin
    assert "gadget name must be free, got 'alpha' twice" in registry.broken()["alpha"]


def test_a_broken_package_breaks_nothing_but_itself(registry, entry_points, tmp_path, monkeypatch):
    (tmp_path / "broken_gadget.py").write_text("import no_such_module\n")
    (tmp_path / "sound_gadget.py").write_text("class Sound: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry_points(wreck="broken_gadget", sound="sound_gadget:Sound", silent="fractions")
    assert type(registry.build("sound")).__name__ == "Sound"
    assert "broken_gadget" not in sys.modules, "loaded when it is asked for, not before"
    with pytest.raises(InputError, match=r"^gadget .wreck. must be loadable, got ModuleNotFoundError: No module named"):
        registry.get("wreck")
    assert registry.names() == ["alpha", "beta", "sound"]
    assert registry.broken().keys() == {"wreck", "silent"}
    assert "nothing that registers a gadget" in registry.broken()["silent"]


@dataclasses.dataclass(frozen=True)
class Typed:
    """A plug-in with an option of each type."""

    mode: "Literal['fast', 'slow']"
    on: bool = False
    most: "int | None" = None
    layers: "tuple[int, ...]" = (0, -1)
    inner: str = "plain"


@pytest.mark.parametrize(
    ("text", "canonical", "options"),
    [
        ("typed:fast", "typed:mode=fast", {"mode": "fast"}),
        ("typed:mode=slow,on=true,most=3", "typed:mode=slow,on=true,most=3", {"mode": "slow", "on": True, "most": 3}),
        ("typed:layers=none,mode=fast", "typed:mode=fast,layers=none", {"mode": "fast", "layers": ()}),
        ("typed:fast,layers=0/-1,on=false,most=none", "typed:mode=fast", {"mode": "fast"}),
        (
            "typed:fast,inner=[alpha:count=2,rate=1]",
            "typed:mode=fast,inner=[alpha:count=2,rate=1]",
            {"mode": "fast", "inner": "alpha:count=2,rate=1"},
        ),
    ],
)
def test_canonical_text(registry, text, canonical, options):
    registry.register("typed")(Typed)
    spec = registry.spec(text)
    assert (spec, spec.name, spec.options) == (canonical, "typed", options)
    assert registry.spec(str(spec)) == spec == registry.spec_of(registry.build(text))
    assert registry.build(spec) == registry.build(text)
    assert pickle.loads(pickle.dumps(spec)).options == options


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typed", "gadget 'typed' must have its option mode, got 'typed'; write typed:mode=..."),
        ("typed:rapid", "option mode of gadget 'typed:rapid' must be fast or slow, got 'rapid'"),
        ("typed:fast,on=yes", "option on of gadget 'typed:fast,on=yes' must be true or false, got 'yes'"),
        ("typed:fast,most=x", "option most of gadget 'typed:fast,most=x' must be int or none, got 'x'"),
        (
            "typed:fast,layers=a",
            "option layers of gadget 'typed:fast,layers=a' must be int such as 0/1/-1 or none, got 'a'",
        ),
        ("typed:fast,inner=[a", "brackets must be closed where they are opened, got 'fast,inner=[a'"),
    ],
)
def test_bad_typed_options(registry, text, message):
    registry.register("typed")(Typed)
    with pytest.raises(InputError) as error:
        registry.spec(text)
    assert str(error.value) == message


def test_slugs():
    assert slug("qk:dilation=8") == "qk_dilation_8"
    assert slug("lighthouse:scorer=[a:b=1,c=2.5]") == "lighthouse_scorer_a_b_1_c_2.5_"


@given(st.dictionaries(st.sampled_from("abc"), st.one_of(st.booleans(), st.integers(), st.text("xyz,:", max_size=5))))
def test_values_come_back_from_their_text(options):
    for value in options.values():
        assert parse_value(format_value(value), type(value)) == value
