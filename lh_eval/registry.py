"""Named plug-ins: one decorator for ours, one entry-point group for everybody else's.

    SCORERS = Registry("scorer", folder="lh_eval.scorers", group="lh_eval.scorers")

    @SCORERS.register("norm")
    class Norm: ...

Every module of `folder` is imported on first use, so adding a plug-in is adding a file. A spec is a name with
options, `qk:dilation=8`; options become keyword arguments of the registered class.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from lh_eval.errors import InputError, unknown_name

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Generic[T]):
    """Classes by name.

    Args:
        kind: what is registered, for messages ("scorer").
        folder: the package whose modules register ours.
        group: the entry-point group that third parties use; each entry point is a module or the class itself.
    """

    def __init__(self, kind: str, *, folder: str, group: str) -> None:
        self.kind = kind
        self._folder = folder
        self._group = group
        self._classes: dict[str, type[T]] = {}
        self._loaded = False

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
        """Every registered name, sorted."""
        self._load()
        return sorted(self._classes)

    def get(self, name: str) -> type[T]:
        """The class registered under `name`.

        Raises:
            InputError: no such name; the message has the nearest one.
        """
        self._load()
        if name not in self._classes:
            raise unknown_name(self.kind, name, self._classes)
        return self._classes[name]

    def build(self, spec: str) -> T:
        """Make an instance from a spec such as `qk:dilation=8,causal=true`.

        Raises:
            InputError: unknown name, unknown option, or a value that does not fit the option's type.
        """
        name, _, tail = spec.partition(":")
        cls = self.get(name)
        fields = {field.name: field.type for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
        options: dict[str, Any] = {}
        for item in filter(None, tail.split(",")):
            key, equals, text = item.partition("=")
            if not equals or key not in fields:
                known = ", ".join(fields) or "none"
                raise InputError(
                    f"option of {self.kind} {name!r} must be NAME=VALUE with NAME one of {known}, got {item!r}"
                )
            options[key] = self._convert(spec, key, text, fields[key])
        return cls(**options)

    def _convert(self, spec: str, key: str, text: str, annotation: Any) -> Any:
        if annotation not in (int, float, str):
            raise TypeError(
                f"option {key} of {self.kind} {spec!r} must be annotated int, float or str, got {annotation}"
            )
        try:
            return annotation(text)
        except ValueError:
            raise InputError(
                f"option {key} of {self.kind} {spec!r} must be {annotation.__name__}, got {text!r}"
            ) from None

    def _load(self) -> None:
        if self._loaded:
            return
        package = importlib.import_module(self._folder)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._folder}.{module.name}")
        for entry in entry_points(group=self._group):
            loaded = entry.load()
            if isinstance(loaded, type):
                self.register(entry.name)(loaded)
        self._loaded = True
