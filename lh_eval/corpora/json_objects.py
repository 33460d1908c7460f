"""JSON files of rows, looked at before `datasets` reads them: at some that hold no rows pyarrow ends the process."""

import json
from pathlib import Path


def check_objects(path: str) -> None:
    """Check that a file holds JSON objects: one a line, one list of them, or one object.

    Args:
        path: of the file.

    Raises:
        ValueError: it holds something else; RecursionError: it is nested too deeply.
    """
    lines = [line for line in Path(path).read_bytes().decode("utf-8-sig").split("\n") if line.strip()]
    try:
        rows = [json.loads(line) for line in lines]
    except json.JSONDecodeError:  # of one object or list over several lines, or of nothing that is JSON
        rows = [json.loads("\n".join(lines))]
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} is no JSON object")
