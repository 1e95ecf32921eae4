"""Every parameter of the unified encoder, once: type, range, unit and help.

The estimator's signature, the form in napari, the options of the command line and the ``config.toml`` of
a saved run all derive from :class:`EncoderConfig`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

RATIO_MASKS: Final = ("RandomNeuronMask", "RandomTimestepMask", "NeuronBlockMask")
MASK_NAMES: Final = (*RATIO_MASKS, "TimeBlockMask", "SessionMask")

Architecture = Literal[
    "offset1-model",
    "offset5-model",
    "offset10-model",
    "offset36-model",
    "offset1-model-mse",
    "offset5-model-mse",
    "offset10-model-mse",
    "offset36-model-mse",
]


class ConfigurationError(ValueError):
    """A parameter of the encoder is out of its range; the message names it and says what is allowed."""


class _MaskParameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RatioList(_MaskParameters):
    """Masked shares to choose from, each in (0, 1)."""

    ratios: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(min_length=1)

    def choices(self) -> tuple[float, ...]:
        """Return the masked shares, one of which is drawn each time."""
        return self.ratios


class RatioGrid(_MaskParameters):
    """Masked shares ``min, min + step, …``, never above ``max`` and including it where a step meets it."""

    min: float = Field(gt=0, lt=1)
    max: float = Field(gt=0, lt=1)
    step: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> RatioGrid:
        if self.max < self.min:
            raise ValueError(f"the grid's max ({self.max}) is below its min ({self.min})")
        return self

    def choices(self) -> tuple[float, ...]:
        """Return the masked shares, one of which is drawn each time."""
        steps = math.floor((self.max - self.min) / self.step + 1e-9)
        return tuple(round(self.min + i * self.step, 10) for i in range(steps + 1))


class TimeBlocks(_MaskParameters):
    """Spans of ``length`` time bins from ``floor(rate × window)`` random starting bins."""

    rate: float = Field(gt=0, lt=1)
    length: int = Field(ge=1)


class WholeSessions(_MaskParameters):
    """A random set of whole sessions survives: one with probability ½, else uniformly 1 to all of them."""


MaskParameters = RatioList | RatioGrid | TimeBlocks | WholeSessions
_Kind = TypeVar("_Kind", bound=_MaskParameters)


def _mask_parameters(name: str, value: Any) -> MaskParameters:
    """Read a mask's parameters from the forms that Python, toml and the notebook use."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if name == "SessionMask":
        if value in (True, None) or value == {}:
            return WholeSessions()
        raise ValueError("SessionMask has no parameters: give True")
    if name == "TimeBlockMask":
        if isinstance(value, tuple | list) and len(value) == 2:
            value = {"rate": value[0], "length": value[1]}
        if isinstance(value, Mapping):
            return _validated(TimeBlocks, name, value)
        raise ValueError("TimeBlockMask takes (rate, length), such as (0.2, 3): two numbers")
    if name in RATIO_MASKS:
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            return _validated(RatioList, name, {"ratios": (float(value),)})
        if isinstance(value, tuple) and len(value) == 3:
            return _validated(RatioGrid, name, dict(zip(("min", "max", "step"), value, strict=True)))
        if isinstance(value, list):
            return _validated(RatioList, name, {"ratios": tuple(value)})
        if isinstance(value, Mapping):
            if "ratios" in value:
                return _validated(RatioList, name, value)
            return _validated(RatioGrid, name, value)
        raise ValueError(
            f"{name} takes a ratio (0.5), a list of ratios ([0.3, 0.6]) or a grid as a tuple "
            f"(min, max, step) such as (0.3, 0.9, 0.05)"
        )
    raise ValueError(f"no mask is called {name!r}; the masks are {', '.join(MASK_NAMES)}")


def _validated(kind: type[_Kind], name: str, values: Mapping[str, Any]) -> _Kind:
    """Check a mask's parameters, with the mask's name in what is said of them."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        said = []
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = f"no such parameter; {name} takes {', '.join(kind.model_fields)}"
            said.append(f"{name} {place}: {message} (given: {problem['input']!r})".replace(" : ", ": "))
        raise ValueError("; ".join(said)) from error


def _read_masks(value: Any) -> _Masks:
    if value is None:
        return _Masks()
    if not isinstance(value, Mapping):
        raise ValueError("masks is a dictionary from mask name to parameters")
    return _Masks((str(name), _mask_parameters(str(name), parameters)) for name, parameters in value.items())


class _Masks(dict[str, Any]):
    """Masks by name that cannot be changed in place; equal to a dictionary, copied and pickled like one."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("these masks are shared: make a new dictionary, {**masks, 'SessionMask': True}")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return _Masks, (dict(self),)


NOTEBOOK_MASKS: Final[Mapping[str, Any]] = _Masks(
    RandomNeuronMask=(0.3, 0.9, 0.05), RandomTimestepMask=(0.3, 0.9, 0.05)
)


def _field(default: Any, help: str, *, group: str, unit: str | None = None, **limits: Any) -> Any:
    """Declare a parameter: its default, its help, the section of the form that shows it, and its unit."""
    extra: dict[str, JsonValue] = {"group": group}
    if unit:
        extra["unit"] = unit
    return Field(default, description=help, json_schema_extra=extra, **limits)


class EncoderConfig(BaseModel):
    """Parameters of the unified encoder; the defaults are those of the preset ``notebook``.

    ``field.json_schema_extra`` holds ``group`` ("network", "training", "alignment", "masks", "run", each
    optionally followed by "advanced") and, where there is one, ``unit``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    model_architecture: Architecture = _field(
        "offset10-model",
        "Network; the number is its window in time bins. '-mse' ones do not normalise their output and suit "
        "the Euclidean distance.",
        group="network",
    )
    batch_size: int = _field(2048, "Samples in a training step.", group="training", ge=2, le=65536)
    output_dimension: int = _field(32, "Number of latents.", group="network", ge=1, le=1024)
    time_offsets: int = _field(
        10,
        "Time over which the label changes that lead to positives are taken.",
        group="alignment",
        unit="time bins",
        ge=1,
        le=100_000,
    )
    learning_rate: float = _field(3e-4, "Step size of Adam.", group="training", gt=0, le=1)
    num_hidden_units: int = _field(32, "Hidden units of every layer.", group="network", ge=1, le=4096)
    temperature: float = _field(
        1.0, "Temperature of the loss (its start, where it is learned).", group="training", gt=0, le=100
    )
    temperature_mode: Literal["constant", "auto"] = _field(
        "constant", "Keep the temperature, or learn it ('auto').", group="training advanced"
    )
    min_temperature: float | None = _field(
        None, "Lowest temperature that may be learned.", group="training advanced", gt=0, le=100
    )
    distance: Literal["cosine", "euclidean"] = _field(
        "cosine", "Similarity in the loss.", group="training advanced"
    )
    max_iterations: int = _field(5000, "Training steps.", group="training", ge=1, le=10_000_000)
    conditional: Literal["time_delta"] = _field(
        "time_delta",
        "How positives are drawn: label plus an empirical change of the label over time_offsets.",
        group="alignment advanced",
    )
    masks: Annotated[dict[str, MaskParameters], BeforeValidator(_read_masks), AfterValidator(_Masks)] = (
        _field(
            NOTEBOOK_MASKS,
            "Masks; each of reference, positive and negative draws one of them. Shares as a ratio, a list of "
            "ratios, or a grid (min, max, step).",
            group="masks",
        )
    )
    label_scaling: Literal["none", "range", "standard"] = _field(
        "none",
        "Scale continuous labels by their range or standard deviation over all sessions before matching.",
        group="alignment",
    )
    positives: Literal["independent", "shared"] = _field(
        "independent",
        "Whether each session draws its own label change for a positive, or one is shared by all of them.",
        group="alignment advanced",
    )
    max_label_distance: float | None = _field(
        None,
        "Silence a partner whose label is farther than this from the bin that it is matched to "
        "(in the units of the scaled labels).",
        group="alignment advanced",
        gt=0,
    )
    sessions_per_step: int | None = _field(
        None,
        "Sessions in each pseudo-animal: a fresh random subset of this many sessions in every step; empty "
        "for all. Faster with many sessions, but a pseudo-animal then holds fewer neurons than the aligned "
        "embedding, whose inputs sum over all sessions. Each session is still the reference equally often.",
        group="alignment advanced",
        ge=2,
    )
    device: str = _field(
        "auto",
        "Where to compute: auto, cpu, cuda, cuda:1, mps.",
        group="run",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    random_state: int | None = _field(
        None,
        "Seed: the same seed on the same device gives the same weights.",
        group="run",
        ge=0,
        le=2**32 - 1,
    )
    verbose: bool = _field(True, "Show a progress bar in scripts and on the command line.", group="run")

    @model_validator(mode="after")
    def _consistent(self) -> EncoderConfig:
        if self.min_temperature is not None and self.temperature_mode == "constant":
            raise ValueError("min_temperature applies to a learned temperature: set temperature_mode='auto'")
        if self.min_temperature is not None and self.min_temperature > self.temperature:
            raise ValueError(
                f"min_temperature ({self.min_temperature}) is above temperature ({self.temperature})"
            )
        return self

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> EncoderConfig:
        """Build a configuration, with errors that a person can act on.

        Parameters
        ----------
        parameters : mapping of str to object
            Field names and values; fields that are not given take their defaults.

        Raises
        ------
        ConfigurationError
            If a name is unknown or a value is out of its range; the message holds one line a problem.
        """
        try:
            return cls.model_validate(dict(parameters))
        except ValidationError as error:
            raise ConfigurationError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    """Write pydantic's findings as sentences that name the parameter, the value and what is allowed."""
    sentences = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"]) or "configuration"
        if problem["type"] == "extra_forbidden":
            sentences.append(
                f"{place}: there is no such parameter; the parameters are "
                f"{', '.join(EncoderConfig.model_fields)}"
            )
            continue
        given = "" if problem["type"] == "value_error" else f" (given: {problem['input']!r})"
        sentences.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}{given}")
    return "Encoder configuration is not valid.\n" + "\n".join(sentences)


PRESETS: Final[dict[str, EncoderConfig]] = {
    "notebook": EncoderConfig(),
    "quick look": EncoderConfig(batch_size=512, learning_rate=1e-3, max_iterations=1000),
    "label-free decoding": EncoderConfig(
        batch_size=512,
        time_offsets=4,
        learning_rate=3e-3,
        max_iterations=800,
        temperature=0.2,
        masks={"RandomNeuronMask": RatioGrid(min=0.3, max=0.9, step=0.05), "SessionMask": WholeSessions()},
    ),
}
