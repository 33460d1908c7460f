"""The YAML file of each task for lm-eval, written from the registry.

`python -m lh_eval.integrations.lm_eval_yaml` in the checkout, after adding a task; a test compares.
"""

from pathlib import Path

import lh_eval.tasks
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, get_task, version_of
from lh_eval.tasks.building.published import Published

PREFIX = "lh_"  # of the tasks' names in lm-eval
_PROBE = 32_768  # tokens, enough for a sample of every task

_TEXT = """\
# written by python -m lh_eval.integrations.lm_eval_yaml
include: {base}
task: {task}
{tag}metadata:
  version: {version}.0
  lh_task: {name}
"""


def lm_eval_folder() -> str:
    """The folder of our tasks' YAML files for lm-eval."""
    return str(Path(lh_eval.tasks.__path__[0]) / "lm_eval")


def yaml_files() -> dict[str, str]:
    """The content of each file, by its name.

    A published data set's is written without its rows, which lm-eval's run loads, and has a tag of its own: all tasks
    of `lh_eval` run offline. None for a task that makes no sample without options.
    """
    tokenizer = byte_tokenizer()
    files = {}
    for name in TASKS.names():
        cls = TASKS.get(name)
        if issubclass(cls, Published):
            choice, tag = cls.CHOICE, "tag: lh_eval_published\n"
        else:
            try:
                sample = get_task(name).sample(tokenizer, length=_PROBE, depth=50, trial=0)
            except (InputError, TypeError):  # an option must be given, a file or a data set
                continue
            choice, tag = sample.scoring == "choice", ""
        base = "_choice" if choice else "_generate"
        files[f"{name}.yaml"] = _TEXT.format(
            base=base,
            task=PREFIX + name,
            tag=tag,
            name=name,
            version=version_of(get_task(name)),
        )
    return files


def write() -> None:
    """Write the files, and remove those of tasks that are gone."""
    folder = Path(lm_eval_folder())
    files = yaml_files()
    for path in folder.glob("*.yaml"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
