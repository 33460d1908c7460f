"""One run verified: rows, their digests, answers and prompts, its metrics, and the checkpoint where it is at hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.progress import unfinished
from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.store.checking import row_problems
from lh_eval.store.files import Samples, read_json, read_samples
from lh_eval.store.run import CONFIG, METRICS, SAMPLES, Run, as_run, read_config
from lh_eval.tasks.base import task_as_of
from lh_eval.tasks.building.haystack_text import data_hashes
from lh_eval.verifying.answers import answer_problems
from lh_eval.verifying.findings import Finding, Verified
from lh_eval.verifying.numbers import differences, is_of_before
from lh_eval.verifying.prompts import Maker, PromptCheck
from lh_eval.verifying.settling import settling_problems
from lh_eval.verifying.tokenizers import Tokenizers

_DATA = ("data_sha256", "data_revision", "haystack_sha256")


class RunCheck:
    """Verifies runs; tokenizers and prompts that they share are made once.

    Args:
        model: checkpoint of the runs: its tokenizer makes their prompts again and its weights are compared. Those that
            come with the package are looked at for runs that name them, their tokenizers for all that have the same.

    Raises:
        InputError: that checkpoint is not here.
    """

    def __init__(self, model: str | None = None) -> None:
        self._tokenizers = Tokenizers(model)
        self._prompts = PromptCheck()

    def verify(self, path: Path) -> tuple[Verified, Run | None]:
        """What is wrong with a run's folder, and the run itself where it can be read."""
        findings: list[Finding] = []
        try:
            config = read_config(path)
        except InputError as error:
            return Verified(path, findings=[Finding(path / CONFIG, str(error))]), None
        findings += [Finding(path / CONFIG, problem) for problem in self._config_problems(config)]
        try:
            samples = read_samples(path / SAMPLES)
        except InputError as error:
            findings.append(Finding(path / SAMPLES, str(error)))
            return Verified(path, findings=findings), None
        run = as_run(path, config, samples)
        notes = [*self._notes(run, samples)]
        maker, why = self._maker(config)
        notes += [why] if why else []
        problems = [(one.line, one.problem) for one in row_problems(config, samples)]
        for line, row in enumerate(samples.rows, start=1):
            problems += [(line, problem) for problem in answer_problems(row)]
            problems += [(line, problem) for problem in settling_problems(config, row)]
            # a row of another run is said to be that already
            if maker is not None and row.task == config.get("task"):
                problems += [(line, problem) for problem in self._prompts.problems(row, maker)]
        findings += [Finding(path / SAMPLES, problem, line) for line, problem in sorted(problems)]
        findings += [Finding(path / METRICS, problem) for problem in _metrics_problems(run, samples, notes)]
        made = 0 if maker is None else sum(row.prompt_sha256 is not None for row in samples.rows)
        return Verified(path, True, len(samples.rows), made, findings, notes), run

    def _config_problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        """What a configuration by itself, and what is at hand here, says is wrong with it."""
        grid = {name: config[name] for name in ("task", "lengths", "depths", "trials") if name in config}
        options = {name: config[name] for name in ("seed", "until_ci", "max_trials") if name in config}
        try:
            made = Grid(**grid, **options)
        except TypeError:
            yield f"the grid must have task, lengths, depths and trials, got {', '.join(grid) or 'none'}"
        except InputError as error:
            yield str(error)
        else:
            for name, value in grid.items():
                kept = list(value) if isinstance(value, list) else value
                now = getattr(made, name)
                if kept != (list(now) if isinstance(now, tuple) else now):
                    yield f"{name} must be {now} as a run writes it, got {value}"
        found, model = self._tokenizers.weights(config), config.get("model")
        kept = model.get("weights_sha256") if isinstance(model, dict) else None
        if found is not None and kept != found[1]:
            yield f"model.weights_sha256 must be {found[1]}, that of {found[0]} here, got {kept}"

    def _maker(self, config: Mapping[str, Any]) -> tuple[Maker | None, str]:
        """What makes the run's prompts again, or why nothing does."""
        tokenizer = self._tokenizers.of_run(config)
        if tokenizer is None:
            return None, "prompts were not made again: its tokenizer is not at hand; name its checkpoint with --model"
        task, version = str(config.get("task")), _task_version(config)
        try:
            hashes = data_hashes(task_as_of(task, version))
        except InputError as error:
            return None, f"prompts were not made again: {error}"
        for name in _DATA:
            if config.get(name) != hashes.get(name):
                return None, f"prompts were not made again: {name} is {config.get(name)}, and {hashes.get(name)} here"
        return Maker(tokenizer, str(config["tokenizer_sha256"]), version, "rescored" in config), ""

    def _notes(self, run: Run, samples: Samples) -> Iterator[str]:
        if (left := unfinished(run)) is not None:
            yield f"unfinished: {left} samples"
        if failed := int(run.frame["error"].notna().sum()):
            yield f"{failed} samples failed"
        without = sum(link.digest is None for link in samples.links)
        if without:
            yield f"no digests: {without} rows from before there were any; that none was edited or dropped is not known"


def _task_version(config: Mapping[str, Any]) -> int:
    """The version of the task that made a run's samples; 1 in runs of before it was kept."""
    version = config.get("task_version")
    return version if isinstance(version, int) else 1


def _metrics_problems(run: Run, samples: Samples, notes: list[str]) -> Iterator[str]:
    file = run.path / METRICS
    if not file.is_file():
        if unfinished(run) is None:
            yield "the file must be there, as the run has all its rows; the same command writes it"
        return
    try:
        kept = read_json(file)
        computed = metrics_of(run)
    except InputError as error:
        yield str(error)
        return
    found = list(differences(kept, computed))
    if found and (rows := is_of_before(kept, run, samples)) is not None:
        notes.append(f"{METRICS} is of the first {rows} rows: a kill came before it was written again")
        return
    yield from found
