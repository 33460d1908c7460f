"""Tables of a pretrained checkpoint read under Lighthouse that it was not trained under, from committed rows.

python -m lh_eval.studies.smollm2 --page docs/findings.md
"""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.settings import setting_cells
from lh_eval.store.run import read_run
from lh_eval.store.sweep import DENSE, read_sweep
from lh_eval.studies.command import run
from lh_eval.studies.smollm2.chat import chat_block, contrasts_block, read_scores
from lh_eval.studies.smollm2.claims import claims_block
from lh_eval.studies.smollm2.combine import combine_block, halves_block
from lh_eval.studies.smollm2.grid import dense_block, layers_block, lighthouse_block, recall_block
from lh_eval.studies.smollm2.settings import read_settings
from lh_eval.studies.tables import fill

KIND = "smollm2"
GRID, LAYERS = Path("outputs/smollm2-niah"), Path("outputs/smollm2-layers")
COMBINE, CHAT = Path("outputs/smollm2-combine"), Path("outputs/smollm2-chat")


def make_blocks(grid: Path, layers: Path, combine: Path, chat: Path) -> dict[str, str]:
    """Every block by its name; folders as in `smollm2`."""
    runs = read_sweep(grid).runs
    cells = setting_cells(runs)
    few = [read_run(path.parent) for path in layers.glob("*/config.json")]
    settings, scores = read_settings(combine), read_scores(chat)
    return {
        "dense": dense_block(cells_of(runs[DENSE])),
        "lighthouse": lighthouse_block(cells),
        "layers": layers_block(runs[DENSE], few),
        "combine": combine_block(settings),
        "halves": halves_block(settings),
        "claims": claims_block(settings),
        "recall": recall_block(cells),
        "chat": chat_block(scores),
        "chat-claims": contrasts_block(scores),
    }


def smollm2(
    grid: Annotated[Path, typer.Option(help="Sweep over scorers and budgets.")] = GRID,
    layers: Annotated[Path, typer.Option(help="Folder of runs that differ in their dense layers.")] = LAYERS,
    combine: Annotated[Path, typer.Option(help="Folder of a sweep a reading, over ways of combining.")] = COMBINE,
    chat: Annotated[Path, typer.Option(help="Folder of rows.tar.xz, RULER's tasks raw and in a chat template.")] = CHAT,
    page: Annotated[Path | None, typer.Option(help="Page whose blocks are filled; printed if not given.")] = None,
) -> None:
    """Make the tables of docs/findings.md, the same ones for the same rows."""
    blocks = make_blocks(grid, layers, combine, chat)
    if page is not None:
        fill(page, KIND, blocks)
    typer.echo(page if page is not None else "\n".join(blocks.values()))


if __name__ == "__main__":
    run(smollm2)
