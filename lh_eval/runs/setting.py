"""`Setting`: how a checkpoint attends in one run of a sweep, and how its prompts are read."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError, unknown_name
from lh_eval.methods.base import METHODS, Method, Reading
from lh_eval.spec import split_spec

_SHORTHAND = "lighthouse"  # whose options stand on the command line by themselves, as --k and --scorer


@dataclasses.dataclass(frozen=True)
class Setting:
    """One way of attending and reading.

        Setting("lighthouse:k=512,scorer=pooled-qk"), Setting(Window(tokens=1024), reading="context")

    Attributes:
        method: a `Method`, or its spec.
        reading: "prompt" or "context"; the method's usual one if not given.
        base: options that names and figures need not mention; see `Method.folder_name`.

    Raises:
        InputError: no such method or reading, or the method does not have it.
    """

    method: Method = "dense"  # type: ignore[assignment]
    reading: Reading = None  # type: ignore[assignment]
    base: Mapping[str, Any] | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.method, str):
            object.__setattr__(self, "method", METHODS.build(self.method))
        if not isinstance(self.method, Method):
            raise InputError(f"method must be a method or its spec such as 'window:tokens=1024', got {self.method!r}")
        if self.reading is None:
            object.__setattr__(self, "reading", self.method.readings[0])
        if self.reading not in get_args(Reading):
            raise unknown_name("reading", str(self.reading), get_args(Reading))
        if self.reading not in self.method.readings:
            raise InputError(
                f"reading must be {' or '.join(self.method.readings)} under {self.method.spec}, got {self.reading!r}; "
                "leave it out, and each method is read as it can be"
            )

    @property
    def name(self) -> str:
        """Folder name, such as `dense`, `norm-k2048` or `window_tokens_1024`."""
        return self.method.folder_name(self.base)

    def to_dict(self) -> dict[str, Any]:
        """What config.json holds of it: `attention`, `setting` with what figures read, and `reading`."""
        return {
            "attention": self.method.to_dict(),
            "setting": {
                "text": str(self.method.spec),
                "name": self.name,
                "family": self.method.family(self.base),
                "budget": self.method.budget,
                "budget_name": self.method.budget_option,
                "prefix_hole": self.method.prefix_hole,
            },
            "reading": self.reading,
        }


def resolve_setting(
    setting: "Setting | Method | str", defaults: CheckpointSettings, reading: str | None = None
) -> Setting:
    """A setting from its spec, what the spec leaves open taken from the checkpoint.

    Args:
        setting: a spec, or what is resolved already.
        defaults: what the checkpoint says of itself.
        reading: as in `Setting`, where `setting` is none.

    Raises:
        InputError: it cannot be made.
    """
    if isinstance(setting, Setting):
        return setting
    if isinstance(setting, Method):
        return Setting(setting, reading)  # type: ignore[arg-type]
    if not isinstance(setting, str):
        raise InputError(f"setting must be a spec such as 'lighthouse:k=512', got {setting!r}")
    return _made(split_spec(setting)[0], METHODS.given(setting), defaults, reading)


def side_by_side(settings: Sequence[Setting], defaults: CheckpointSettings) -> list[Setting]:
    """Settings of one sweep, named by what differs among them: of options that vary, what is not the checkpoint's."""
    bases: dict[type, Mapping[str, Any]] = {}
    for kind in {type(setting.method) for setting in settings}:
        own = [setting.method.options for setting in settings if type(setting.method) is kind]
        usual = kind.usual_options(defaults)
        bases[kind] = {
            name: value if all(options[name] == value for options in own) else usual.get(name)
            for name, value in own[0].items()
        }
    return [dataclasses.replace(setting, base=bases[type(setting.method)]) for setting in settings]


def choose_settings(
    specs: Sequence[str],
    options: Mapping[str, Sequence[Any]],
    defaults: CheckpointSettings,
    reading: str | None = None,
) -> list[Setting]:
    """The settings that a command names, dense first.

    Args:
        specs: methods with their options; none is dense alone, or dense beside what `options` describe.
        options: values of Lighthouse's options, to be combined with one another where its specs leave them open.
        defaults: what the checkpoint says of itself.
        reading: of every setting; each method's usual one if None.

    Raises:
        InputError: they contradict one another, or one cannot be made.
    """
    specs = list(specs) or ["dense", *([_SHORTHAND] if options else [])]
    names = [split_spec(spec)[0] for spec in specs]
    if options and _SHORTHAND not in names:
        raise InputError(
            f"attention must be {_SHORTHAND} where its settings are given, got {', '.join(specs)}; "
            "leave one of them out"
        )
    settings = []
    for name, spec in zip(names, specs, strict=True):
        given = METHODS.given(spec)
        swept = options if name == _SHORTHAND else {}
        for option in swept:
            if option in given:
                raise InputError(f"{option} must be given once, got it in {spec!r} and as an option of its own")
        for values in itertools.product(*swept.values()):
            settings.append(_made(name, given | dict(zip(swept, values, strict=True)), defaults, reading))
    return side_by_side(sorted(settings, key=lambda setting: setting.method.spec != "dense"), defaults)


def _made(name: str, options: Mapping[str, Any], defaults: CheckpointSettings, reading: str | None) -> Setting:
    cls = METHODS.get(name)
    return Setting(cls.from_options(options, defaults), reading)  # type: ignore[arg-type]
