"""`--chat` and the options that go with it: a task's spec under the model's chat template."""

from lh_eval.errors import InputError


def chat_task(task: str, chat: bool, *, system: str | None, prefix: str | None, thinking: int | None) -> str:
    """The task as it was given without `--chat`, else its spec under `chat`.

    Raises:
        InputError: an option of it is given without it, or cannot be used.
    """
    from lh_eval.tasks.chat import in_chat

    if chat:
        return in_chat(task, system=system, prefix=prefix, thinking=thinking)
    for name, value in (("system", system), ("answer-prefix", prefix), ("thinking", thinking)):
        if value is not None:
            raise InputError(f"{name} must be given with --chat, got it alone; add --chat")
    return task
