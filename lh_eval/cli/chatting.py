"""`--chat` and the options that go with it: a task's spec under the model's chat template."""

from lh_eval.errors import InputError


def chat_tasks(
    tasks: list[str], chat: bool, *, system: str | None, prefix: str | None, thinking: int | None
) -> list[str]:
    """The tasks as they were given without `--chat`, else their specs under `chat`.

    Raises:
        InputError: an option of it is given without it, or cannot be used.
    """
    if chat:
        from lh_eval.tasks.chat import in_chat

        return [in_chat(task, system=system, prefix=prefix, thinking=thinking) for task in tasks]
    for name, value in (("system", system), ("answer-prefix", prefix), ("thinking", thinking)):
        if value is not None:
            raise InputError(f"{name} must be given with --chat, got it alone; add --chat")
    return tasks
