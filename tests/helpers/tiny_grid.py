"""A grid of trainings with their evaluations, made up: `right` says how often each recipe finds a needle."""

import csv
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tiny_training import TINY

from lh_eval.store.files import write_json
from lh_eval.store.folder import PROVENANCE
from lh_eval.store.rows import Row
from lh_eval.store.run import CONFIG, SAMPLES
from lh_eval.store.sweep import setting_name
from lh_eval.store.training_folder import LOSS_CURVE, TRAIN_CONFIG
from lh_eval.training.loss_log import COLUMNS
from lh_eval.training.recipe.config import TrainingConfig

RECIPES = {
    "dense": None,
    "norm-k256": ("norm", 256, 3),
    "norm-k384": ("norm", 384, 3),
    "qk-k256": ("qk", 256, 3),
    "qk-k384": ("qk", 384, 3),
    "norm-k256-l5": ("norm", 256, 5),
    "qk-k256-l5": ("qk", 256, 5),
}
TASKS = ("passkey", "keyed")

Right = Callable[[str, int, str, int, float], float]  # of recipe, seed, task, length and depth


def write_grid(
    path: Path,
    right: Right,
    *,
    recipes: Sequence[str] = tuple(RECIPES),
    seeds: Sequence[int] = (0, 1),
    lengths: Sequence[int] = (4096, 8192),
    depths: Sequence[float] = (0.0, 100.0),
    trials: int = 3,
) -> Path:
    """Write the folders of every recipe and seed; the rate of a cell is as near to `right` as trials allow."""
    for recipe in recipes:
        for seed in seeds:
            name = f"{recipe}-s{seed}"
            write_training(path / "training" / name, recipe, seed)
            for task in TASKS:
                attentions = [None]
                if RECIPES[recipe] is not None:
                    scorer, k, levels = RECIPES[recipe]
                    attentions.append({"scorer": scorer, "k": k, "num_levels": levels})
                for attention in attentions:
                    setting = setting_name(attention["scorer"], attention["k"]) if attention else setting_name()
                    _write_run(
                        path / task / name / setting, recipe, seed, task, attention, right, lengths, depths, trials
                    )
    return path


def write_training(folder: Path, recipe: str, seed: int) -> None:
    """Write train.json and a loss curve of six rows, faster under Lighthouse."""
    sparse = RECIPES[recipe]
    scorer, k, levels = sparse or ("norm", 2048, 3)
    stages = TINY["stages"] if sparse else [{"steps": 6, "attention": "dense"}]
    phases = [TINY["phases"][0], TINY["phases"][1] | {"length": 16384, "tokens_per_step": 16384}]
    changes = {"name": recipe, "seed": seed, "stages": stages, "phases": phases}
    lighthouse = {"k": k, "num_levels": levels, "scorer": scorer}
    config = TrainingConfig.from_dict(TINY | changes | {"lighthouse": lighthouse})
    folder.mkdir(parents=True)
    write_json(folder / TRAIN_CONFIG, config.to_dict())
    with (folder / LOSS_CURVE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for step in range(1, 7):
            loss = 1 / step + seed / 100
            attention, length = config.stage_at(step - 1).attention, config.phase_at(step - 1).length
            row = {"step": step, "tokens": 16384 * step, "seconds": step}
            row |= {"attention": attention, "length": length, "loss": loss, "text": 2 * loss}
            speed = (1500 if attention == "lighthouse" else 1000) + 10 * step
            writer.writerow(row | {"held_out": 3 * loss, "tokens_per_second": speed})


def _write_run(folder, recipe, seed, task, attention, right, lengths, depths, trials):
    weights = hashlib.sha256(f"{recipe} {seed}".encode()).hexdigest()
    config = {"task": task, "lengths": list(lengths), "depths": list(depths), "attention": attention}
    config |= {"model": {"name": recipe, "weights_sha256": weights}, PROVENANCE: {"training_seed": seed}}
    folder.mkdir(parents=True)
    write_json(folder / CONFIG, config)
    lines = []
    for length in lengths:
        for depth in depths:
            rate = right(recipe, seed, task, length, depth)
            order = np.random.default_rng([length, int(depth), len(task)]).permutation(trials)
            for trial in range(trials):
                score = float(order[trial] + 0.5 < rate * trials)
                lines.append(_row(task, length, depth, trial, score, attention is not None).to_json() + "\n")
    (folder / SAMPLES).write_text("".join(lines), encoding="utf-8")


def _row(task, length, depth, trial, score, sparse):
    prompt = hashlib.sha256(f"{task} {length} {depth} {trial}".encode()).hexdigest()
    return Row(
        task=task,
        length=length,
        depth=float(depth),
        true_depth=float(depth),
        trial=trial,
        seed=0,
        needle_start=10,
        needle_end=20,
        context_tokens=length - 30,
        prompt_sha256=prompt,
        answer="7",
        prediction="7" if score else "3",
        score=score,
        selection_recall=0.5 if sparse else None,
        seconds=0.1,
    )
