"""Options that several commands have, each with its one text, and how a command says something beside its output."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer

from lh_eval.cli.panels import CHAT, GRID, LIGHTHOUSE, MACHINE, OUTPUT
from lh_eval.runs.grid import MOST_TRIALS

Model = Annotated[
    str | None, typer.Option(help="Checkpoint folder, adapter, GGUF file or hub name; the shipped one if not given.")
]
Label = Annotated[
    str | None,
    typer.Option(
        help="What tables and figures call the checkpoint; its folder's name if not given.", rich_help_panel=OUTPUT
    ),
]
Haystack = Annotated[
    str | None,
    typer.Option(
        help="Haystack of every task that takes one: moby_dick, FILE.txt, FILE.jsonl#COLUMN, OWNER/NAME[@REVISION].",
        rich_help_panel=GRID,
    ),
]
Chat = Annotated[
    bool,
    typer.Option(
        "--chat", help="Put prompts into the model's chat template; it counts into lengths.", rich_help_panel=CHAT
    ),
]
System = Annotated[str | None, typer.Option(help="With --chat, the system prompt.", rich_help_panel=CHAT)]
AnswerPrefix = Annotated[
    Literal["assistant", "none"] | None,
    typer.Option(
        help="With --chat, the answer's prefix after the assistant's header (usual), or none.", rich_help_panel=CHAT
    ),
]
Thinking = Annotated[
    int | None,
    typer.Option(
        help="With --chat, most tokens of a thought, cut off from the answer and its own budget.", rich_help_panel=CHAT
    ),
]
TrustRemoteCode = Annotated[bool, typer.Option(help="Run code that the checkpoint brings.", rich_help_panel=MACHINE)]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, ...", rich_help_panel=MACHINE)]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.", rich_help_panel=MACHINE)]

Attention = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SPEC",
        help="How the model attends, once for each setting: dense, lighthouse:k=512,scorer=qk, window:tokens=1024; "
        "see lh-eval methods. With Lighthouse's options below both it and dense, if not given.",
    ),
]
Reading = Annotated[
    Literal["prompt", "context"] | None,
    typer.Option(
        help="prompt: context and question are read under the setting at once, as in training. context: the context "
        "alone, question and answer attend densely. prompt, where the method has it, if not given.",
        rich_help_panel=LIGHTHOUSE,
    ),
]
Budgets = Annotated[str | None, typer.Option(help="Lighthouse's selection budget; several make a sweep: 2048,512.")]
Scorers = Annotated[
    str | None,
    typer.Option(help="Scorers, such as norm,qk:dilation=8; see lh-eval scorers.", rich_help_panel=LIGHTHOUSE),
]
DenseLayers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LAYERS",
        help="Layers that stay dense: 0,1,-2,-1 or none; again for another setting.",
        rich_help_panel=LIGHTHOUSE,
    ),
]
NumLevels = Annotated[
    str | None, typer.Option(help="Levels of the pyramid; several make a sweep: 3,4.", rich_help_panel=LIGHTHOUSE)
]
PoolingFactor = Annotated[
    int | None, typer.Option(help="Tokens pooled per level, a power of two.", rich_help_panel=LIGHTHOUSE)
]
Selection = Annotated[
    Literal["chunked", "global"] | None, typer.Option(help="How entries are selected.", rich_help_panel=LIGHTHOUSE)
]
Rope = Annotated[
    str | None,
    typer.Option(
        help="What is pooled of queries and keys: before, as they come rotated; after, rotated where it ends. "
        "Both make a sweep: before,after.",
        rich_help_panel=LIGHTHOUSE,
    ),
]
Combine = Annotated[
    str | None,
    typer.Option(
        help="What a position has of several levels: sum, finest or mean; several make a sweep.",
        rich_help_panel=LIGHTHOUSE,
    ),
]
TileK = Annotated[int | None, typer.Option(help="Entries kept per tile and level.", rich_help_panel=LIGHTHOUSE)]

UntilCi = Annotated[
    float | None,
    typer.Option(
        help="Add trials to each cell until its 95% interval, from end to end, is at most this wide, such as 0.05.",
        rich_help_panel=GRID,
    ),
]
MaxTrials = Annotated[
    int | None,
    typer.Option(help=f"With --until-ci, the most trials of a cell; {MOST_TRIALS} if not given.", rich_help_panel=GRID),
]
DepthTolerance = Annotated[
    float,
    typer.Option(
        help="Points of the context that a needle may be off its depth; cells that cannot are refused.",
        rich_help_panel=GRID,
    ),
]
Threshold = Annotated[
    float,
    typer.Option(help="Rate that a length must reach to be effective; RULER's if not given.", rich_help_panel=GRID),
]
Seed = Annotated[int, typer.Option(help="Seed of all samples.", rich_help_panel=GRID)]
BatchSize = Annotated[
    int | None,
    typer.Option(
        min=1, help="Samples at once, which a kill may lose; what memory holds if not given.", rich_help_panel=MACHINE
    ),
]
BeyondPositions = Annotated[
    bool,
    typer.Option(
        "--beyond-positions",
        help="Run what takes more than the model's positions, and mark its rows.",
        rich_help_panel=MACHINE,
    ),
]

SettlingDepths = Annotated[
    bool,
    typer.Option(
        "--settling",
        help="Keep the layer at which each token of an answer settles: an unembedding a layer and token, "
        "6 to 41% longer on SmolLM2-135M at 4K and 1K.",
        rich_help_panel=GRID,
    ),
]

STDOUT = Path("-")  # of an option --json FILE


def note(line: str) -> None:
    """Say something beside a command's output, on stderr."""
    logging.getLogger("lh_eval").warning("%s", line)
