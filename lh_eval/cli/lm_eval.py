"""`lh-eval lm-eval ...`: lm-eval's own command, with our model and our tasks in it."""

import sys
from unittest import mock

import typer

from lh_eval._lm_eval import NAME
from lh_eval.compat import harness_command
from lh_eval.errors import InputError

# lm-eval reads its arguments, --help among them
LM_EVAL_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def lm_eval(ctx: typer.Context) -> None:
    """Run lm-eval's own command, with our model `lighthouse` and our tasks in it.

    What follows goes to lm-eval unchanged: lh-eval lm-eval run --model lighthouse --model_args k=512 --tasks lh_passkey
    """
    from lm_eval.utils import setup_logging

    from lh_eval.integrations.lm_eval_yaml import lm_eval_folder

    setup_logging()
    with mock.patch.object(sys, "argv", ["lm-eval", *ctx.args]):  # which its parser changes, and reads alone
        harness = harness_command()
        try:
            arguments = harness.parse_args()
        except ValueError as error:
            raise InputError(f"lm-eval's options must be such as it can read, got an error: {error}") from None
    if getattr(arguments, "model", None) == NAME and not hasattr(arguments, "batch_size"):
        arguments.batch_size = "auto"  # lm-eval's is 1
    if hasattr(arguments, "include_path"):  # lm-eval's command takes one folder, what is behind it takes several
        arguments.include_path = [*filter(None, [arguments.include_path]), lm_eval_folder()]
    try:
        harness.execute(arguments)
    except ValueError as error:
        said, _, names = str(error).partition(": ")
        if said != "Tasks not found":
            raise
        raise InputError(
            f"tasks must be names that lm-eval has, got {names}; lh-eval lm-eval ls tasks says which"
        ) from None
