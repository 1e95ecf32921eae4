"""What of a file is neural activity, what a label: said once, for one file or for all of a lab."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.mapping_problems import problems_in_words, toml_in_words
from napari_unison.sessions.labels import LabelKind
from napari_unison.sessions.whole_files import whole_file

Made = Literal["", "speed", "running direction", "lap", "time since", "phase", "number"]
Orientation = Literal["auto", "bins × neurons", "neurons × bins"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelMapping(_Part):
    """Where a label comes from."""

    source: tuple[str, ...] = Field(
        default=(),
        description="Entries of the file; several become the columns of one label. Empty for a label that is "
        "made from another one (`of`).",
    )
    columns: tuple[int, ...] = Field(
        default=(), description="Columns of the source, from 0; all unless given."
    )
    field: str = Field(
        default="", description="A column of intervals: trials give each of their bins its value."
    )
    kind: LabelKind | None = Field(
        default=None, description="continuous, circular or discrete; by its values unless given."
    )
    unit: str = Field(
        default="", description='Unit, such as "m"; "deg" turns degrees of a circular label to radians.'
    )
    scale: float = Field(
        default=1.0, description="What values are multiplied with, such as 0.01 from cm to m."
    )
    offset: float = Field(
        default=0.0, description="What is added before, such as -0.5 for the middle of bins."
    )
    values: Mapping[str, str] = Field(
        default_factory=dict, description='Names of a discrete label\'s values, such as {"0" = "left"}.'
    )
    time: str = Field(
        default="",
        description="Entry with the times of the source, where it has none itself; in s unless its name, or "
        'a unit behind it as in "ts (us)", says otherwise.',
    )
    made: Made = Field(
        default="",
        description="Made from what is given: `speed` and `running direction` from a position (`of`), "
        "`lap` from a "
        "direction (`of`), "
        "`time since` events or the start of intervals, `phase` within intervals (0 to 1), their `number`.",
    )
    of: str = Field(default="", description="The label that speed, running direction or lap is made from.")

    @field_validator("source", mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_source(self) -> LabelMapping:
        from_label = self.made in ("speed", "running direction", "lap")
        if from_label and (self.source or not self.of):
            raise ValueError(f'"{self.made}" is made from another label: name it in `of`, and give no source')
        if not from_label and (not self.source or self.of):
            raise ValueError("a label needs a source; `of` is for speed, running direction and lap")
        return self


class SegmentMapping(_Part):
    """What is one stretch of continuous time: a lap, a run, a trial."""

    source: str = Field(default="", description="Intervals, or an array that changes at every border.")
    changes_of: str = Field(default="", description="A discrete label: a border where it changes.")
    jumps_of: str = Field(default="", description="A continuous label: a border where it jumps.")
    jump: float = Field(default=0.0, ge=0, description="The smallest jump, in the label's unit.")
    steps_back_of: str = Field(
        default="",
        description="A position that was kept while it went one way: a border where it steps back, against "
        "most of its steps.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> SegmentMapping:
        if sum(map(bool, (self.source, self.changes_of, self.jumps_of, self.steps_back_of))) != 1:
            raise ValueError("give one of source, changes_of, jumps_of and steps_back_of")
        if self.jumps_of and not self.jump:
            raise ValueError("jumps_of needs jump, the smallest jump in the label's unit")
        return self


class PartsMapping(_Part):
    """Arrays that are stored apart and belong to one session, such as the runs of either direction."""

    label: str = Field(description="The discrete label that tells the parts apart.")
    values: Mapping[str, int | str] = Field(
        min_length=1,
        description="Its values, and what stands for them in the paths: {right = 0} with neural = "
        '"spikes[{direction}]".',
    )
    interleave: bool = Field(
        default=False,
        description="Whether segments of the parts alternate, each part's in its order, where the true order "
        "is not in the file; else one part comes after the other.",
    )


class FileMapping(_Part):
    """How sessions are made from a file.

    Paths are those that :class:`Contents` lists; "*" stands for any text, and names several entries. A path
    of a companion file begins with its name in :attr:`beside` and a colon.

    Examples
    --------
    >>> FileMapping(
    ...     neural="units", bin_width=0.025, labels={"position": LabelMapping(source="x", unit="m")}
    ... ).bin_width
    0.025
    """

    neural: tuple[str, ...] = Field(
        min_length=1,
        description="Entry with the neural activity: an array, a series or spike times. Several of one "
        "column a neuron are put side by side.",
    )
    orientation: Orientation = Field(
        default="auto", description="Axes of a neural array; by the labels' length unless given."
    )
    spike_ids: str = Field(
        default="",
        description="Entry with the neuron of each spike, where `neural` is one list of spike times.",
    )
    sampling_rate: float = Field(
        default=1.0,
        gt=0,
        description="Spike times are divided by this (Hz), where they are counted in samples.",
    )
    time: str = Field(
        default="",
        description="Entry with the times of neural arrays, where they have none; in s unless its name, or "
        'a unit behind it as in "ts (us)", says otherwise.',
    )
    bin_width: float | None = Field(
        default=None, gt=0, description="Width of a time bin (s); the neural rate's own unless given."
    )
    smoothing: float = Field(default=0.0, ge=0, description="Standard deviation of a Gaussian over time (s).")
    min_rate: float = Field(
        default=0.0, ge=0, description="Neurons with less activity a second are left out."
    )
    min_speed: float = Field(
        default=0.0,
        ge=0,
        description="Bins in which `speed_of` moves more slowly are left out (its unit a second).",
    )
    speed_of: str = Field(
        default="", description="The position label whose speed counts; the only one unless given."
    )
    during: str = Field(default="", description="Intervals; bins outside of them are left out.")
    during_values: Mapping[str, str] = Field(
        default_factory=dict, description='Which of the intervals: {tags = "wake"}.'
    )
    segments: SegmentMapping | None = Field(default=None, description="Borders of continuous time.")
    labels: Mapping[str, LabelMapping] = Field(
        min_length=1,
        description='The labels by name; {position = "x"} is short for a label with that source.',
    )
    beside: Mapping[str, tuple[str, str]] = Field(
        default_factory=dict,
        description="Companion files: a name, and the piece of the file's name that is replaced, and by "
        "what.",
    )
    each: Mapping[str, tuple[int | str, ...] | Mapping[str, int | str]] = Field(
        default_factory=dict,
        description="One session for each value (each combination): what stands in braces in paths and name. "
        'Names with what stands for them in paths, {day = {"1" = 0, "2" = 1}}, where both differ.',
    )
    parts: PartsMapping | None = Field(
        default=None, description="Arrays of one session that are stored apart."
    )
    name: str = Field(
        default="{stem}",
        min_length=1,
        description="Name of a session; {stem} is the file's name, {folder} that of its folder.",
    )

    @field_validator("neural", mode="before")
    @classmethod
    def _one_entry(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("labels", mode="before")
    @classmethod
    def _short_labels(cls, value: Any) -> Any:
        """Take {position = "x_cm"} as a label with that source."""
        if not isinstance(value, Mapping):
            return value
        return {
            name: {"source": label} if isinstance(label, str | list | tuple) else label
            for name, label in value.items()
        }

    @model_validator(mode="after")
    def _names_known_labels(self) -> FileMapping:
        known = {*self.labels, *([self.parts.label] if self.parts else [])}
        named = {f"labels.{name}.of": label.of for name, label in self.labels.items()}
        named["speed_of"] = self.speed_of
        if self.segments is not None:
            named["segments.changes_of"] = self.segments.changes_of
            named["segments.jumps_of"] = self.segments.jumps_of
            named["segments.steps_back_of"] = self.segments.steps_back_of
        wrong = [f"{where} = {name!r}" for where, name in named.items() if name and name not in known]
        if wrong:
            raise ValueError(f"no label of that name: {', '.join(wrong)}; labels are {', '.join(known)}")
        if self.parts and self.parts.label in self.labels:
            raise ValueError(f"the label {self.parts.label!r} comes from the parts; take it out of labels")
        return self

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FileMapping:
        """Read a mapping from a toml file.

        Raises
        ------
        SessionError
            If the file is missing, is no toml, or does not fit; the message names the field.
        """
        place = os.fspath(path)
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise SessionError(f"the mapping {place} cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise SessionError(f"the mapping {place} is no toml: {error}") from error
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SessionError(f"the mapping {place} is no toml: {toml_in_words(error, text)}") from error
        return checked_mapping(fields, place)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the mapping as a toml file; only what differs from its default."""
        text = self.to_toml()
        with whole_file(Path(path)) as fresh:
            fresh.write_text(text, encoding="utf-8")

    def to_toml(self) -> str:
        """Return the mapping as toml; only what differs from its default."""
        return tomli_w.dumps(self.to_fields())

    def to_fields(self) -> dict[str, Any]:
        """Return the mapping as plain values; only what differs from its default."""
        fields = self.model_dump(mode="json", exclude_defaults=True)
        if len(self.neural) == 1:
            fields["neural"] = self.neural[0]
        for label in fields["labels"].values():
            if len(label.get("source", ())) == 1:
                label["source"] = label["source"][0]
        return fields


def checked_mapping(mapping: Any, place: str = "the mapping") -> FileMapping:
    """Return a mapping from what a person gave: a mapping, a path of a toml file, or its fields.

    Raises
    ------
    SessionError
        If it does not fit; the message names the field and says what is allowed.
    """
    if isinstance(mapping, FileMapping):
        return mapping
    if isinstance(mapping, str | os.PathLike):
        return FileMapping.load(mapping)
    try:
        return FileMapping.model_validate(mapping)
    except ValidationError as error:
        raise SessionError(f"{place} does not fit:\n{problems_in_words(error, _MODELS)}") from error


_MODELS: Final[dict[str, type[BaseModel]]] = {
    "": FileMapping,
    "labels": LabelMapping,
    "segments": SegmentMapping,
    "parts": PartsMapping,
}
