"""Versions of a task's samples: another one where the same arguments make others than before."""

from lh_eval.errors import InputError


def check_version(version: int, newest: int) -> None:
    """Raise InputError unless a task's option `version` is one of 1 to the newest."""
    if not 1 <= version <= newest:
        raise InputError(f"version must be from 1 to {newest}, got {version}; leave it out for the newest")
