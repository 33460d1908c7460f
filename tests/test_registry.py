import dataclasses
import importlib.metadata

import pytest

import lh_eval.registry
from lh_eval import InputError
from lh_eval.registry import Registry


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
    with pytest.raises(InputError, match="gadget name must be free, got 'alpha' twice"):
        registry.names()
