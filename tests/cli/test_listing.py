import dataclasses
import json

from lh_eval.cli.app import main
from lh_eval.cli.listing import describe
from lh_eval.registry import Registry
from lh_eval.scorers.base import SCORERS
from lh_eval.tasks.base import TASKS


def test_scorers_a_line_each(capsys):
    assert main(["scorers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].partition(":")[0] for line in lines] == SCORERS.names()
    assert "qk:dilation=4 " in "\n".join(lines)
    assert all(len(line.split()) > 3 for line in lines)


def test_a_listed_spec_can_be_used(capsys):
    for command, registry in (("scorers", SCORERS), ("tasks", TASKS)):
        assert main([command]) == 0
        for line in capsys.readouterr().out.splitlines():
            registry.build(line.split()[0])


def test_json(capsys):
    assert main(["tasks", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries.keys() == set(TASKS.names())
    assert entries["keyed"]["options"] == {"records": 8}
    assert entries["passkey"]["description"].startswith("One digit in alphanumeric filler")


def test_third_party_classes():
    registry = Registry("thing", folder="lh_eval.assets", group="lh_eval.no_such_group")

    @registry.register("bare")
    class Bare:
        pass

    @registry.register("full")
    @dataclasses.dataclass
    class Full:
        """First line.

        Second line.
        """

        must: int
        may: float = 0.5

    assert describe(registry) == [
        {"name": "bare", "options": {}, "description": ""},
        {"name": "full", "options": {"must": None, "may": 0.5}, "description": "First line."},
    ]
