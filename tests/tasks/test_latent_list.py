import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task


@pytest.mark.parametrize(("view", "operations"), [("sum", 5), ("max", 12), ("length", 30)])
def test_the_program_makes_the_answer(tokenizer, view, operations):
    task = get_task(f"latent_list:view={view},operations={operations}")
    for trial in range(3):
        sample = task.sample(tokenizer, length=3000, depth=0, trial=trial)
        program = tokenizer.decode(sample.context_ids).partition("list a.\n")[2].rpartition("\n")[0]
        held = {}
        exec(program, {"print": lambda *_: None}, held)  # noqa: S102 - lines of the task
        seen = {"sum": sum, "max": max, "length": len}[view](held["a"])
        assert str(seen) == sample.answer
        lines = [tokenizer.decode(sample.prompt_ids[start:end]) for start, end in sample.spans]
        assert [f"\n{line}" for line in program.splitlines() if line.startswith("a.")] == lines
        assert len(lines) == operations
        assert not re.search(rf"\b{sample.answer}\b", re.sub(r"\na\..*", "", tokenizer.decode(sample.context_ids)))


def test_wrong_options():
    with pytest.raises(InputError, match="operations must be from 1 to 50, got 0"):
        get_task("latent_list:operations=0")
