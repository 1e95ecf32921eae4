"""How long Python needs for a change in the Explore tab: colours, axes, a step of the time cursor.

An embedding of simulated shape, in a viewer that is not on the screen: nothing is rendered, but layers and
vispy's buffers are filled as always. Times are those of the thread (``time.thread_time``), since those of the
clock tell how busy the machine is; both are written.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/explore.py
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_unison import Session
from napari_unison.encoder import Embedding, EncoderConfig
from napari_unison.workspace.runs import StudyRun

BIN_WIDTH = 0.025
#: Changes are asked for this often; the median is written.
REPEATS = 9
LIMIT = 0.1


def laps_of_a_rat(name: str, n_bins: int, seed: int) -> Session:
    """Return a session that runs up and down a track of 1.6 m, a lap in ten seconds."""
    lap, share = np.divmod(np.arange(n_bins), 400)
    right = lap % 2 == 0
    position = 1.6 * np.where(right, share, 399 - share) / 399
    counts = np.random.default_rng(seed).poisson(0.1, (n_bins, 4))
    labels = {"position": position, "direction": np.where(right, "right", "left")}
    return Session(name, counts, labels, BIN_WIDTH, segment=lap, units={"position": "m"})


def embedding_of(sessions: list[Session], n_latents: int) -> Embedding:
    """Return latents on a ring, with noise."""
    values, residual = [], []
    for number, session in enumerate(sessions):
        draw = np.random.default_rng(number)
        angle = np.pi * session.labels["position"] / 1.6
        side = np.where(session.labels["direction"] == "right", 1.0, -1.0)
        latents = draw.normal(0, 0.1, (session.n_bins, n_latents))
        latents[:, :3] += np.stack([np.cos(angle), side * np.sin(angle), 0.3 * side], axis=1)
        values.append((latents / np.linalg.norm(latents, axis=1, keepdims=True)).astype(np.float32))
        distances = draw.exponential(0.01, (session.n_bins, len(sessions))).astype(np.float32)
        distances[:, number] = 0
        residual.append(distances)
    return Embedding(
        values=tuple(values),
        sessions=tuple(sessions),
        kind="aligned",
        partners="training",
        residual=tuple(residual),
        partner_names=tuple(session.name for session in sessions),
    )


def study_run(n_bins: int, n_sessions: int, n_latents: int) -> StudyRun:
    """Return a run that holds such an embedding, and an encoder that holds only its sessions."""
    sessions = [
        laps_of_a_rat(f"rat {number + 1}", n_bins // n_sessions, number) for number in range(n_sessions)
    ]
    history = {column: np.empty(0) for column in ("loss", "goodness_of_fit", "seconds")}
    encoder: Any = SimpleNamespace(
        training_sessions_=sessions, n_iter_=0, was_stopped_=False, history_=history, config_=EncoderConfig()
    )
    run = StudyRun("run 1", encoder)
    run.embeddings["aligned"] = embedding_of(sessions, n_latents)
    run.latent_scores["aligned"] = None
    return run


def measured(act: Callable[[int], None]) -> dict[str, float]:
    """Return the median time of a change, in seconds of the thread and of the clock."""
    act(0)
    threads, clocks = [], []
    for number in range(1, REPEATS + 1):
        thread, clock = time.thread_time(), time.perf_counter()
        act(number)
        threads.append(time.thread_time() - thread)
        clocks.append(time.perf_counter() - clock)
    return {"thread_s": float(np.median(threads)), "clock_s": float(np.median(clocks))}


def changes(workspace: Any) -> dict[str, Callable[[int], None]]:
    """Return what is measured, by name; each is told how often it was called."""
    colours = ["position and direction", "session", "time", "residual", "latent 4"]
    axes = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (1, 2, 9)]
    return {
        "recolour": lambda number: workspace.show(colour=colours[number % len(colours)]),
        "other latents": lambda number: workspace.show(latents=axes[number % len(axes)]),
        "time step": lambda number: setattr(workspace, "cursor", ("rat 2", 20 + number * BIN_WIDTH)),
        "point size": lambda number: workspace.show(point_size=1 + number / 10),
    }


def main() -> None:
    """Measure, write a table, and the numbers as JSON if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bins", type=int, default=65_000)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--latents", type=int, default=32)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()

    import napari

    from napari_unison import get_workspace

    viewer = napari.Viewer(show=False)
    viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    workspace = get_workspace(viewer)
    workspace.add_run(study_run(options.bins, options.sessions, options.latents))
    # Not as many points as napari's settings remember, but all.
    workspace.show(max_points=max(100_000, options.bins))
    results: dict[str, dict[str, float]] = {}
    # The grid draws every point twice: in the cell of its session, and in that of all.
    for title, extra in (("one picture", {}), ("grid, twice the points", {"grid": True})):
        workspace.show(**extra)
        for name, act in changes(workspace).items():
            found = results[f"{name}, {title}"] = measured(act)
            verdict = "" if found["thread_s"] <= LIMIT else "  too long"
            print(
                f"{name:>14}, {title:<22} {1000 * found['thread_s']:7.1f} ms of the thread, "
                f"{1000 * found['clock_s']:7.1f} ms of the clock{verdict}"
            )
    if options.to is not None:
        options.to.write_text(json.dumps({"options": vars(options) | {"to": None}, "results": results}))
    viewer.close()


if __name__ == "__main__":
    main()
