"""What a run is, as tables: its sessions, where and when it was trained, its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_unison.display.report.contents import Row, Table
from napari_unison.encoder.config import PRESETS, EncoderConfig

if TYPE_CHECKING:
    from napari_unison.encoder.runs import Run
    from napari_unison.sessions import Session


def sessions_table(run: Run, facts: Mapping[str, Any]) -> Table:
    """List the sessions with what was trained on and what was held out.

    Parameters
    ----------
    run : Run
        Encoder and held-out part.
    facts : mapping
        What ``run.json`` holds.
    """
    held_out = {session.name: session for session in run.held_out}
    checksums = {entry["name"]: entry["sha256"][:12] for entry in facts["sessions"]}
    rows = []
    for session in run.encoder.training_sessions_:
        rest = held_out.get(session.name)
        rows.append(
            Row(
                (
                    session.name,
                    f"{session.n_neurons}",
                    f"{session.bin_width * 1000:g} ms",
                    _bins(session),
                    _bins(rest) if rest is not None else "–",
                    _labels(session),
                    checksums.get(session.name, "–"),
                )
            )
        )
    header = ("session", "neurons", "bin", "trained on", "held out", "labels", "checksum")
    return Table("Sessions. The checksum is that of the part that was trained on.", header, rows)


def _bins(session: Session) -> str:
    return f"{session.n_bins} bins\n{session.duration:.0f} s"


def _labels(session: Session) -> str:
    lines = []
    for name, kind in session.kinds.items():
        unit = session.units[name]
        lines.append(f"{name} ({kind}{', ' + unit if unit else ''})")
    return "\n".join(lines)


def facts_table(run: Run, facts: Mapping[str, Any]) -> Table:
    """Say when, where and how long the encoder was trained.

    Parameters
    ----------
    run : Run
        Its encoder.
    facts : mapping
        What ``run.json`` holds.
    """
    encoder = run.encoder
    state = "stopped by hand" if encoder.was_stopped_ else "to its end"
    # what was trained elsewhere does not tell its time
    seconds = float(encoder.history_["seconds"][-1]) if encoder.n_iter_ else 0.0
    time = f", {duration(seconds)}" if seconds and not encoder.origin_ else ""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rows = [
        ("training", f"{encoder.n_iter_} steps, {state}{time}"),
        ("device", str(facts["device"])),
        ("seed", str(encoder.seed_)),
        ("temperature", f"{facts['temperature']:g}"),
        ("saved", str(facts["written"])),
        ("versions", versions),
    ]
    if encoder.origin_:
        rows.insert(0, ("origin", encoder.origin_))
    if encoder.added_sessions_:
        rows.insert(1, ("added after the training", ", ".join(encoder.added_sessions_)))
    return Table("Training", (), [Row(row) for row in rows], has_numbers=False)


def duration(seconds: float) -> str:
    """Write a time as a person says it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def configuration_table(config: EncoderConfig) -> Table:
    """List every parameter; those that are not the preset notebook's stand out.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the run.
    """
    values = config.model_dump(mode="json")
    usual = PRESETS["notebook"].model_dump(mode="json")
    rows = []
    for name, field in EncoderConfig.model_fields.items():
        style = "changed" if values[name] != usual[name] else ""
        rows.append(Row((name, _value(values[name]), field.description or ""), style))
    caption = "Parameters of the encoder. Those that differ from the preset “notebook” are marked."
    return Table(caption, ("parameter", "value", "what it is"), rows, has_numbers=False)


def _value(value: Any) -> str:
    """Write a parameter's value: masks one a line."""
    if isinstance(value, Mapping):
        lines = [f"{name} {_mask(parameters)}".strip() for name, parameters in value.items()]
        return "\n".join(lines) or "none"
    return "–" if value is None else str(value)


def _mask(parameters: Mapping[str, Any]) -> str:
    if "ratios" in parameters:
        return ", ".join(f"{ratio:g}" for ratio in parameters["ratios"])
    if "step" in parameters:
        return f"{parameters['min']:g} to {parameters['max']:g} by {parameters['step']:g}"
    return ", ".join(f"{name} {value:g}" for name, value in parameters.items())


def in_a_line(sessions: Sequence[Session], config: EncoderConfig, n_iterations: int) -> str:
    """Say in a line what the run is."""
    neurons = sum(session.n_neurons for session in sessions)
    count = "1 session" if len(sessions) == 1 else f"{len(sessions)} sessions"
    return (
        f"{count}, {neurons} neurons · {config.model_architecture}, {config.output_dimension} latents · "
        f"{n_iterations} training steps"
    )
