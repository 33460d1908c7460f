"""Fuzz the readers for as long as is asked: python -m tests.fuzz [--minutes 60] [--reader NAME]... [--seed N].

What breaks a reader is written to tests/fuzz/corpus/, where the suite reads it from then on, once for each place in the
code that it broke at. An input that ends the process itself is left in NAME/last beside them.
"""

import argparse
import faulthandler
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parent))

import fuzzing
import readers
from mutating import mutate

TELL = 5  # minutes


def main() -> int:
    """Fuzz in turns; say how often each reader was tried and what broke it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--reader", action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=readers.CORPUS, help="where what breaks a reader is written")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))  # what asks for all memory fails instead
    faulthandler.enable()
    known = readers.readers()
    rng, tried, places = random.Random(options.seed), Counter(), Counter()
    started, told = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as work:
        isolate(Path(work))
        while (minutes := (time.monotonic() - started) / 60) < options.minutes:
            if minutes >= told + TELL:  # what was done is known where the hour is cut short
                told = int(minutes)
                print(json.dumps({"minutes": told, "inputs": tried.total(), "by_reader": tried}), flush=True)
            name = rng.choice(options.reader or list(known))
            reader, folder = known[name], Path(work) / name
            folder.mkdir(exist_ok=True)
            data = mutate(rng.choice(reader.seeds), reader.form, rng)
            tried[name] += 1
            last = options.keep / name / "last"
            last.parent.mkdir(parents=True, exist_ok=True)
            last.write_bytes(data)
            if (problem := fuzzing.broken(reader, folder, data)) is not None:
                place = f"{name}: {problem.place}"
                places[place] += 1
                if places[place] == 1:
                    kept = last.with_name(f"{options.seed}-{tried[name]}")
                    kept.write_bytes(data)
                    print(f"{kept}: {place}: {problem.problem[:300]!r}", flush=True)
            last.unlink()
    print(json.dumps({"minutes": options.minutes, "seed": options.seed, "inputs": tried.total(), "by_reader": tried}))
    print(json.dumps({"findings": places}, indent=1))
    return int(bool(places))


def isolate(work: Path) -> None:
    """Keep what `datasets` makes of thousands of haystacks out of its cache."""
    import datasets

    datasets.config.HF_DATASETS_CACHE = work / "datasets"


if __name__ == "__main__":
    sys.exit(main())
