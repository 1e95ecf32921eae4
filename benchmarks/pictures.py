"""Pictures of the benchmarks for the documentation, from the results that stand in ``benchmarks/results``.

Writes ``training-step.png``, ``scaling.png`` and ``embedding.png``; says which results are missing, and draws
what the others give.

    python benchmarks/pictures.py [--to docs/pictures/performance]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from napari_unison.display.colours import RIGHT_COLOUR
from napari_unison.display.figures.layout import MUTED, new_figure, plain

OURS, OURS_IN_PART, CEBRA = RIGHT_COLOUR, "#D79BBB", "0.62"
NAMES = {"napari-unison": OURS, "cebra": CEBRA}
#: Result of a training step, and what it is called below its bars.
STEPS = {
    "training-step": "four simulated rats,\ncounts",
    "training-step-dense": "four simulated rats,\ndense like ΔF/F",
    "training-step-real": "two real rats\n(achilles, buddy)",
}
RESULTS = Path(__file__).parent / "results"


def read_result(name: str) -> dict[str, Any] | None:
    """Return a result, or nothing, with a message, where it is missing."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        print(
            f"{path.name} is missing in {path.parent}: its part of the pictures is left out", file=sys.stderr
        )
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def machine_note(result: dict[str, Any]) -> str:
    """Say on what something was measured."""
    machine = result["machine"]
    versions = machine["versions"]
    return (
        f"{machine['threads']} threads of an {machine['processor']}, "
        f"torch {versions['torch']}, cebra {versions['cebra']}"
    )


def duration(seconds: float, _: int = 0) -> str:
    """Write a duration as people say it."""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def spaced(number: int) -> str:
    """Write a large number with its thousands apart."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def in_seconds(axis: Any) -> None:
    """Write durations at the ticks of a logarithmic axis."""
    axis.set_major_formatter(FuncFormatter(duration))
    axis.set_minor_locator(NullLocator())


def draw_pairs(axes: Axes, pairs: list[tuple[str, float, float]]) -> None:
    """Draw ours and cebra's duration (s) side by side, with the ratio above each pair."""
    axes.set_yscale("log")
    highest = max(max(ours, cebra) for _, ours, cebra in pairs)
    lowest = min(min(ours, cebra) for _, ours, cebra in pairs)
    for place, (_, *durations) in enumerate(pairs):
        for shift, seconds, (name, colour) in zip((-0.2, 0.2), durations, NAMES.items(), strict=True):
            axes.bar(place + shift, seconds, 0.38, color=colour, label=name if place == 0 else None)
            axes.annotate(
                duration(seconds),
                (place + shift, seconds),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        ratio = durations[1] / durations[0]
        height = max(durations)
        axes.annotate(
            f"{ratio:.2g} times" if ratio < 10 else f"{ratio:.0f} times",
            (place, height),
            (0, 20),
            textcoords="offset points",
            ha="center",
            fontsize=12,
            fontweight="bold",
            color=OURS,
        )
    axes.set_xlim(-0.6, len(pairs) - 0.4)
    axes.set_ylim(lowest / 3, highest * 4)
    axes.set_xticks(range(len(pairs)), [label for label, *_ in pairs])
    in_seconds(axes.yaxis)
    plain(axes)
    axes.tick_params(labelsize=9)
    axes.tick_params(axis="x", length=0)


def legend_below(figure: Figure, axes: Axes) -> None:
    """Say below the figure what the colours mean."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9, frameon=False)


def training_step_figure() -> Figure | None:
    """Draw the time of a training step."""
    results = {label: read_result(name) for name, label in STEPS.items()}
    found = {label: result for label, result in results.items() if result is not None}
    if not found:
        return None
    note = machine_note(next(iter(found.values())))
    figure = new_figure(7.5, 4.2, "Time of a training step, preset notebook, batch 2048", note)
    axes = figure.subplots()
    draw_pairs(axes, [(label, one["napari-unison"], one["cebra"]) for label, one in found.items()])
    axes.set_ylabel("time of a step (logarithmic)", fontsize=9)
    legend_below(figure, axes)
    return figure


def embedding_figure() -> Figure | None:
    """Draw the time of an embedding; cebra's always aligns."""
    result = read_result("embedding")
    if result is None:
        return None
    figure = new_figure(
        5.5,
        4.2,
        f"Time to embed {spaced(result['bins'])} bins of four simulated rats",
        machine_note(result),
    )
    axes = figure.subplots()
    ours, cebra = result["napari-unison"], result["cebra"]
    draw_pairs(
        axes,
        [("aligned", ours["aligned"], cebra), ("label-free\n(cebra: aligned)", ours["label-free"], cebra)],
    )
    axes.set_ylabel("time (logarithmic)", fontsize=9)
    legend_below(figure, axes)
    return figure


def _line(measurements: list[dict[str, Any]], program: str, in_part: bool) -> list[dict[str, Any]]:
    """Return the measurements of one line of the scaling, by number of sessions."""
    found = [
        one
        for one in measurements
        if one["program"] == program
        and one["kind"] == "counts"
        and (one["sessions_per_step"] is not None) == in_part
    ]
    return sorted(found, key=lambda one: one["sessions"])


def scaling_figure() -> Figure | None:
    """Draw time of a step and memory over the number of sessions."""
    result = read_result("scaling")
    if result is None:
        return None
    measurements = result["measurements"]
    neurons, bins = measurements[0]["neurons"], measurements[0]["bins"]
    size = f"Sessions of {neurons} neurons and {spaced(bins)} bins, 2 % non-zero, preset notebook"
    figure = new_figure(9, 4.2, size, machine_note(result))
    left, right = figure.subplots(1, 2)
    lines = (
        ("napari-unison", "napari-unison", False, OURS),
        ("napari-unison, 8 sessions a step", "napari-unison", True, OURS_IN_PART),
        ("cebra", "cebra", False, CEBRA),
    )
    for axes, quantity in ((left, "step_s"), (right, "peak_memory_gib")):
        for label, program, in_part, colour in lines:
            line = [one for one in _line(measurements, program, in_part) if quantity in one]
            if line:
                sizes, values = [one["sessions"] for one in line], [one[quantity] for one in line]
                axes.plot(sizes, values, "o-", color=colour, label=label, linewidth=1.8, markersize=6)
                _name_values(axes, sizes, values, quantity, above=not in_part)
    gave_up = [one for one in _line(measurements, "cebra", False) if "gave_up" in one]
    for one in gave_up:
        right.annotate(
            f"cebra with {one['sessions']}:\n{one['gave_up']}",
            (0.97, 0.97),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=9,
            color=MUTED,
        )
    sizes = sorted({one["sessions"] for one in measurements})
    for axes, title in ((left, "time of a step (logarithmic)"), (right, "peak memory of the process (GiB)")):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(sizes, [str(number) for number in sizes])
        axes.set_xlim(sizes[0] / 1.6, sizes[-1] * 1.6)
        axes.margins(y=0.18)
        axes.set_xlabel("sessions", fontsize=9)
        axes.set_ylabel(title, fontsize=9)
        plain(axes)
        axes.tick_params(labelsize=9)
        axes.xaxis.set_minor_locator(NullLocator())
    in_seconds(left.yaxis)
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    right.yaxis.set_minor_locator(NullLocator())
    legend_below(figure, left)
    return figure


def _name_values(axes: Axes, sizes: list[int], values: list[float], quantity: str, *, above: bool) -> None:
    """Write each value at its point."""
    for size, value in zip(sizes, values, strict=True):
        axes.annotate(
            duration(value) if quantity == "step_s" else f"{value:.2g}",
            (size, value),
            (0, 7 if above else -15),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )


def main() -> None:
    """Draw and write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--to", type=Path, default=Path(__file__).parents[1] / "docs" / "pictures" / "performance"
    )
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "training-step": training_step_figure(),
        "scaling": scaling_figure(),
        "embedding": embedding_figure(),
    }
    for name, figure in figures.items():
        if figure is not None:
            figure.savefig(folder / f"{name}.png")
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
