"""What differs between runs: parameters, sessions, and how long they were trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.workspace.runs import StudyRun

#: They decide nothing about the result.
WITHOUT_EFFECT = {"verbose"}


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What differs between runs; prints as a table.

    Attributes
    ----------
    runs : tuple of str
        Names of the runs.
    rows : mapping of str to tuple of str
        Values of all runs for each thing that differs, parameters by their name.
    """

    runs: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a thing that differs, one column a run."""
        import pandas as pd

        return pd.DataFrame.from_dict(dict(self.rows), orient="index", columns=list(self.runs))

    def __str__(self) -> str:
        if len(self.runs) < 2:
            return "there is nothing to compare: " + (f"only {self.runs[0]}" if self.runs else "no run yet")
        if not self.rows:
            return f"nothing differs between {', '.join(self.runs)}"
        table = [("", *self.runs), *((name, *values) for name, values in self.rows.items())]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        )


def compare_runs(runs: Sequence[StudyRun]) -> RunComparison:
    """List what differs between runs; what is alike in all of them is left out."""
    facts = [facts_of(run) for run in runs]
    names = dict.fromkeys(name for of_run in facts for name in of_run)
    rows = {name: tuple(of_run.get(name, "–") for of_run in facts) for name in names}
    differing = {name: values for name, values in rows.items() if len(set(values)) > 1}
    return RunComparison(tuple(run.name for run in runs), differing)


def facts_of(run: StudyRun) -> dict[str, str]:
    """Return all that runs are compared by, in words: the parameters, then sessions and training."""
    encoder = run.encoder
    values = encoder.config_.model_dump(mode="json", exclude=WITHOUT_EFFECT)
    masks = values.pop("masks", None) or {}
    facts = {name: in_words(value) for name, value in values.items()}
    # A mask without parameters is on or is not there.
    facts |= {f"mask {name}": in_words(value) if value else "on" for name, value in masks.items()}
    trained = encoder.training_sessions_
    held_out = {session.name: session.n_bins for session in run.held_out}
    total = sum(session.n_bins for session in trained)
    facts["sessions"] = ", ".join(session.name for session in trained)
    facts["time trained on"] = f"{sum(session.duration for session in trained):,.0f} s"
    facts["held out"] = f"{sum(held_out.values()) / max(total + sum(held_out.values()), 1):.0%}"
    facts["iterations done"] = f"{encoder.n_iter_:,}" + (", stopped" if run.was_stopped else "")
    return facts


def in_words(value: Any) -> str:
    """Write a parameter's value in short."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {in_words(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(in_words(part) for part in value) or "none"
    return "–" if value is None else str(value)
