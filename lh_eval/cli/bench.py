"""`lh-eval bench`: time and memory of the operator beside dense attention, as rows of a CSV and a figure."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lh_eval.cli.figure_options import WIDTH, parse_width
from lh_eval.cli.options import parse_ints, parse_lengths, parse_names
from lh_eval.cli.panels import LIGHTHOUSE, MACHINE, OUTPUT, SHAPE, HelpAll
from lh_eval.cli.shared import Device, Dtype
from lh_eval.errors import InputError

if TYPE_CHECKING:
    import torch

    from lh_eval.figures.style import Width

_OUT = Path("outputs/bench/operator.csv")


@dataclasses.dataclass(frozen=True)
class _Defaults:
    """What is measured where nothing is given; on a CPU, what takes two minutes."""

    lengths: str
    k: str
    provider: str
    heads: int
    head_dim: int
    repeats: int
    seconds: float


_ON_GPU = _Defaults("32k,128k,512k", "512,2048", "lighthouse,sdpa,sdpa-on-S", 8, 128, 100, 2.0)
_ON_CPU = _Defaults("4k,8k,16k,32k", "2048", "lighthouse-reference,sdpa,sdpa-on-S", 4, 64, 20, 0.5)


def bench(
    ctx: typer.Context,
    lengths: Annotated[
        str | None, typer.Option(help=f"Sequence lengths; {_ON_GPU.lengths}, on a CPU {_ON_CPU.lengths}.")
    ] = None,
    k: Annotated[
        str | None, typer.Option(help=f"Lighthouse's selection budgets; {_ON_GPU.k}, on a CPU {_ON_CPU.k}.")
    ] = None,
    mode: Annotated[str, typer.Option(help="fwd, fwd+bwd or both.")] = "fwd,fwd+bwd",
    provider: Annotated[
        str | None, typer.Option(help=f"{_ON_GPU.provider}; on a CPU {_ON_CPU.provider}. GPUs run all four.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Sequences at once.", rich_help_panel=SHAPE)] = 1,
    heads: Annotated[
        int | None,
        typer.Option(min=1, help=f"Query heads; {_ON_GPU.heads}, on a CPU {_ON_CPU.heads}.", rich_help_panel=SHAPE),
    ] = None,
    kv_heads: Annotated[
        int | None,
        typer.Option(min=1, help="Key and value heads; as many as query heads if not given.", rich_help_panel=SHAPE),
    ] = None,
    head_dim: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Dimension of a head; {_ON_GPU.head_dim}, on a CPU {_ON_CPU.head_dim}.", rich_help_panel=SHAPE
        ),
    ] = None,
    levels: Annotated[int, typer.Option(help="Levels of the pyramid.", rich_help_panel=LIGHTHOUSE)] = 3,
    pooling: Annotated[
        int, typer.Option(help="Tokens pooled per level, a power of two.", rich_help_panel=LIGHTHOUSE)
    ] = 4,
    scorer: Annotated[
        str | None,
        typer.Option(
            help="Scorer, such as qk:dilation=8; norm, with --draw and --table the last row's.",
            rich_help_panel=LIGHTHOUSE,
        ),
    ] = None,
    selection: Annotated[
        Literal["chunked", "global"], typer.Option(help="How entries are selected.", rich_help_panel=LIGHTHOUSE)
    ] = "chunked",
    tile_k: Annotated[int, typer.Option(help="Entries kept per tile and level.", rich_help_panel=LIGHTHOUSE)] = 128,
    rope: Annotated[
        Literal["before", "after"],
        typer.Option(help="Whether q and k are rotated before or after selection.", rich_help_panel=LIGHTHOUSE),
    ] = "before",
    combine: Annotated[
        Literal["sum", "finest", "mean"],
        typer.Option(help="What a position has of several levels.", rich_help_panel=LIGHTHOUSE),
    ] = "sum",
    dtype: Dtype = "auto",
    device: Device = "auto",
    repeats: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Most timed calls of a measurement; {_ON_GPU.repeats}, on a CPU {_ON_CPU.repeats}.",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    budget_seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            help=f"Seconds of a measurement; {_ON_GPU.seconds:g}, on a CPU {_ON_CPU.seconds:g}.",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(
            help="Commit of the source, where it is a copy without git; asked of git if not given.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=f"CSV that rows are appended to; {_OUT}.")] = None,
    figure: Annotated[bool, typer.Option(help="Draw the CSV's newest rows beside it.", rich_help_panel=OUTPUT)] = True,
    width: Annotated[str, typer.Option(help=f"{WIDTH}.", rich_help_panel=OUTPUT)] = "double",
    draw: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure nothing: draw the figure of this CSV again.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure nothing: print this CSV's newest rows in Markdown.")
    ] = None,
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Time Lighthouse attention beside dense attention, forward and backward, over length and k.

    On a GPU the kernels are first compared with the reference; if they disagree, nothing is timed.
    """
    if draw is not None or table is not None:
        _refuse_others(ctx)
        _show(draw, table, scorer, parse_width(width))
        return
    shown = parse_width(width)
    length_list = parse_lengths(lengths) if lengths is not None else None
    budget_list = parse_ints(k, "k") if k is not None else None
    modes = parse_names(mode, "mode")
    providers = parse_names(provider, "provider") if provider is not None else None

    from lh_eval.bench.draw import write_figure
    from lh_eval.bench.run import run
    from lh_eval.bench.summary import text_table
    from lh_eval.bench.timing import Repetition
    from lh_eval.bench.workload import Workload
    from lh_eval.checkpoints.devices import resolve_dtype
    from lh_eval.store.measurements import MeasurementFile, measurement_frame

    target = _timed_device(device)
    default = _ON_GPU if target.type == "cuda" else _ON_CPU
    heads = heads or default.heads
    workload = Workload(
        device=target,
        dtype=resolve_dtype(dtype, target),
        lengths=tuple(length_list or parse_lengths(default.lengths)),
        budgets=tuple(budget_list or parse_ints(default.k, "k")),
        modes=tuple(modes),
        providers=tuple(providers or parse_names(default.provider, "provider")),
        batch=batch,
        heads=heads,
        kv_heads=kv_heads or heads,
        head_dim=head_dim or default.head_dim,
        levels=levels,
        pooling=pooling,
        scorer=scorer or "norm",
        selection=selection,
        tile_k=tile_k,
        rope=rope,
        combine=combine,
        repetition=Repetition(
            repeats or default.repeats, default.seconds if budget_seconds is None else budget_seconds
        ),
        commit=commit,
    )
    with MeasurementFile(out or _OUT) as file:
        measured = run(workload, file)
    if measured.measurements:
        typer.echo(text_table(measurement_frame(measured.measurements)))
        typer.echo(f"rows: {file.path}")
        if figure:
            typer.echo(f"figure: {write_figure(file.path, width=shown)[0]}")
    if measured.failed:
        raise typer.Exit(1)


def _refuse_others(ctx: typer.Context) -> None:
    """Nothing is measured with --draw and --table, so what says how to measure is a mistake."""
    for name in ctx.params.keys() - {"draw", "table", "scorer", "width"}:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            raise InputError(f"{option} must be left out with --draw and --table, got it; they measure nothing")


def _show(draw: Path | None, table: Path | None, scorer: str | None, width: "Width") -> None:
    from lh_eval.analysis.measured import newest
    from lh_eval.bench.draw import write_figure
    from lh_eval.bench.summary import markdown_table
    from lh_eval.scorers.base import SCORERS
    from lh_eval.store.measurements import read_measurements

    scorer = SCORERS.spec(scorer) if scorer is not None else None
    if draw is not None:
        for file in write_figure(draw, scorer, width):
            typer.echo(file)
    if table is not None:
        typer.echo(markdown_table(newest(read_measurements(table), scorer)))


def _timed_device(name: str) -> "torch.device":
    """A GPU with CUDA, or a CPU: nothing else can be timed."""
    from lh_eval.checkpoints.devices import resolve_device

    device = resolve_device(name)
    if device.type in ("cuda", "cpu"):
        return device
    if name == "auto":
        return resolve_device("cpu")
    raise InputError(f"device must be cuda or cpu to be timed, got {name!r}; use --device cpu")
