"""Named plug-ins: one decorator for ours, one entry-point group for everybody else's.

    SCORERS = Registry("scorer", folder="lh_eval.scorers", group="lh_eval.scorers")

    @SCORERS.register("norm")
    class Norm: ...

Every module of `folder` is imported on first use, so adding a plug-in is adding a file. An entry point, a class or a
module that registers it, is loaded when its name is asked for: a package that cannot be loaded breaks no other. A
plug-in with options is written as a `Spec`, `qk:dilation=8`; options are the fields of the registered dataclass.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, get_type_hints

from lh_eval.errors import InputError, unknown_name
from lh_eval.spec import Spec, expected, parse_value, split_spec

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Generic[T]):
    """Classes by name.

    Args:
        kind: what is registered, for messages ("scorer").
        folder: the package whose modules register ours.
        group: the entry-point group that third parties use; an entry point's name is the plug-in's.
    """

    def __init__(self, kind: str, *, folder: str, group: str) -> None:
        self.kind = kind
        self._folder = folder
        self._group = group
        self._classes: dict[str, type[T]] = {}
        self._waiting: dict[str, EntryPoint] | None = None  # None until our own are imported
        self._broken: dict[str, str] = {}

    def register(self, name: str) -> Callable[[C], C]:
        """Register the decorated class under `name`; a name can be taken once."""

        def add(cls: C) -> C:
            taken = self._classes.get(name)
            if taken is not None and taken is not cls:
                raise InputError(f"{self.kind} name must be free, got {name!r} twice; rename one of the plug-ins")
            self._classes[name] = cls
            return cls

        return add

    def names(self) -> list[str]:
        """Every name that can be used, sorted; third parties' are loaded."""
        for name in list(self._entries()):
            self._load(name)
        return sorted(self._classes)

    def broken(self) -> dict[str, str]:
        """Why each plug-in of a third party that cannot be loaded cannot, by its name."""
        self.names()
        return dict(self._broken)

    def get(self, name: str) -> type[T]:
        """The class registered under `name`.

        Raises:
            InputError: no such name, with the nearest one, or its package cannot be loaded.
        """
        if name in self._entries():
            self._load(name)
        if name not in self._classes:
            known = self.names()  # a module may register under other names than its entry point's
            if name in self._broken:
                raise InputError(f"{self.kind} {name!r} must be loadable, got {self._broken[name]}; mend or remove it")
            if name not in self._classes:
                raise unknown_name(self.kind, name, known)
        return self._classes[name]

    def spec(self, text: str) -> Spec:
        """The canonical form of a spec: options in order, those at their defaults left out.

        Raises:
            InputError: unknown name, unknown option, or a value that does not fit the option's type.
        """
        if isinstance(text, Spec):
            return text
        name, _ = split_spec(text)
        fields = option_fields(self.get(name))
        given = self._options(text)
        ordered = {key: given[key] for key in fields if key in given}
        return Spec(name, {key: value for key, value in ordered.items() if value != default_of(fields[key])})

    def build(self, spec: str) -> T:
        """Make an instance from a spec such as `qk:dilation=8`.

        Raises:
            InputError: as `spec`, or what the class refuses.
        """
        name, _ = split_spec(spec)
        return self.get(name)(**self._options(spec))

    def given(self, spec: str) -> dict[str, Any]:
        """The typed options that a spec names, those at their defaults too; errors as in `spec`."""
        self.get(split_spec(spec)[0])
        return self._options(spec)

    def spec_of(self, plugin: T) -> Spec:
        """The spec that makes a plug-in.

        Raises:
            InputError: its class is not registered.
        """
        self._entries()
        for name, cls in self._classes.items():
            if cls is type(plugin):
                fields = option_fields(cls)
                values = {key: getattr(plugin, key) for key in fields}
                return Spec(name, {key: value for key, value in values.items() if value != default_of(fields[key])})
        raise InputError(f"{self.kind} must be a registered one, got {type(plugin).__name__}; register its class")

    def _options(self, spec: str) -> dict[str, Any]:
        if isinstance(spec, Spec):
            return dict(spec.options)
        name, items = split_spec(spec)
        cls = self.get(name)
        fields = option_fields(cls)
        kinds = get_type_hints(cls) if fields else {}
        options: dict[str, Any] = {}
        for place, item in enumerate(items):
            key, equals, text = item.partition("=")
            if not equals and place == 0 and (first := _required(fields)) is not None:
                key, equals, text = first, "=", item
            if not equals or key not in fields:
                known = ", ".join(fields) or "none"
                raise InputError(
                    f"option of {self.kind} {name!r} must be NAME=VALUE with NAME one of {known}, got {item!r}"
                )
            try:
                options[key] = parse_value(text, kinds[key])
            except ValueError:
                raise InputError(
                    f"option {key} of {self.kind} {spec!r} must be {expected(kinds[key])}, got {text!r}"
                ) from None
        missing = [key for key, field in fields.items() if _is_required(field) and key not in options]
        if missing:
            raise InputError(
                f"{self.kind} {name!r} must have its option {missing[0]}, got {spec!r}; write {name}:{missing[0]}=..."
            )
        return options

    def _entries(self) -> Mapping[str, EntryPoint]:
        """The entry points that are not loaded yet, ours imported."""
        if self._waiting is None:
            package = importlib.import_module(self._folder)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._folder}.{module.name}")
            self._waiting = {entry.name: entry for entry in entry_points(group=self._group)}
        return self._waiting

    def _load(self, name: str) -> None:
        """Load a third party's plug-in; what goes wrong is kept, and is told where it is asked for or listed."""
        assert self._waiting is not None
        entry = self._waiting.pop(name)
        package = f" of package {entry.dist.name}" if entry.dist is not None else ""
        before = len(self._classes)
        try:
            loaded = entry.load()
            if isinstance(loaded, type):
                self.register(name)(loaded)
            elif len(self._classes) == before and name not in self._classes:
                raise InputError(f"nothing that registers a {self.kind}")
        except Exception as error:  # a stranger's module may raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            self._broken[name] = f"{reason} from {entry.value}{package}"


def option_fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    """The options of a plug-in's class, in order."""
    if not dataclasses.is_dataclass(cls):
        return {}
    return {field.name: field for field in dataclasses.fields(cls) if field.init}


def default_of(field: "dataclasses.Field[Any]") -> Any:
    """An option's default; `dataclasses.MISSING` where it must be given."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return default_of(field) is dataclasses.MISSING


def _required(fields: "Mapping[str, dataclasses.Field[Any]]") -> str | None:
    return next((key for key, field in fields.items() if _is_required(field)), None)
