"""The encoder's parameters as options of a command, generated from :class:`EncoderConfig`.

A parameter that is added to the configuration becomes an option, with its type, range, help and unit,
without a line here; only masks, which are a dictionary there, have a notation of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from napari_unison.encoder.config import MASK_NAMES, PRESETS, ConfigurationError, EncoderConfig

Command = TypeVar("Command", bound=Callable[..., Any])

_PRESETS = {name.replace(" ", "-"): name for name in PRESETS}
PRESET_NAMES = tuple(_PRESETS)


class SectionedOption(click.Option):
    """An option that the help shows under the heading of its section."""

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help groups its options by section, in the order in which the sections first appear."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one block of options for each section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def configuration_options(command: Command) -> Command:
    """Give a command one option for every field of the configuration, named as the field is."""
    by_section = sorted(EncoderConfig.model_fields.items(), key=lambda item: _SECTIONS.index(_group(item[1])))
    for name, field in reversed(by_section):
        command = _option(name, field)(command)
    return command


def read_configuration(preset: str, file: Path | None, given: Mapping[str, Any]) -> EncoderConfig:
    """Put a configuration together: a preset, changed by a toml file, changed by options.

    Parameters
    ----------
    preset : str
        One of ``PRESET_NAMES``.
    file : Path, optional
        Toml file with some or all of the parameters, such as the ``config.toml`` of a saved run.
    given : mapping of str to object
        Values of the options; ``None`` stands for "not given".

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or a parameter is unknown or out of its range.
    """
    parameters: dict[str, Any] = PRESETS[_PRESETS[preset]].model_dump()
    if file is not None:
        parameters |= _read_toml(file)
    options = {name: value for name, value in given.items() if value is not None}
    return EncoderConfig.from_parameters(parameters | options)


_SECTIONS = (
    "network",
    "training",
    "alignment",
    "masks",
    "run",
    *(f"{section} advanced" for section in ("network", "training", "alignment", "masks", "run")),
)


def _group(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra["group"]) if isinstance(extra, Mapping) else "run"


def _unit(field: FieldInfo) -> str | None:
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, Mapping) and "unit" in extra else None


def _option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    """Declare the option of one field; not given, it stays ``None`` and the preset's value holds."""
    description = field.description or ""
    if unit := _unit(field):
        description = f"{description.removesuffix('.')} ({unit})."
    dashed = name.replace("_", "-")
    settings: dict[str, Any] = {"cls": SectionedOption, "section": _group(field).capitalize()}
    if name == "masks":
        return click.option(
            "--mask",
            name,
            multiple=True,
            callback=_read_masks,
            help=f"{description} Repeat for several; 'none' for no masks. "
            "For example: RandomNeuronMask=0.3:0.9:0.05, NeuronBlockMask=0.3,0.6, TimeBlockMask=0.2,3, "
            "SessionMask.",
            metavar="NAME=PARAMETERS",
            **settings,
        )
    default = "unset" if field.default is None else str(field.default)
    settings |= {"default": None, "help": f"{description} Default: {default}."}
    if field.annotation is bool:
        return click.option(f"--{dashed}/--no-{dashed}", name, **settings)
    return click.option(f"--{dashed}", name, type=_parameter_type(field), **settings)


def _parameter_type(field: FieldInfo) -> click.ParamType[Any]:
    """Translate a field's annotation and limits."""
    choices = [choice for choice in get_args(field.annotation) if choice is not type(None)]
    if get_origin(field.annotation) is Literal:
        return click.Choice(choices)
    kind = choices[0] if choices else field.annotation
    limits = {}
    for limit in field.metadata:
        for ours, theirs in (("ge", "min"), ("gt", "min"), ("le", "max"), ("lt", "max")):
            if (value := getattr(limit, ours, None)) is not None:
                limits[theirs] = value
                limits[f"{theirs}_open"] = ours in ("gt", "lt")
    if kind is int:
        return click.IntRange(**limits)
    if kind is float:
        return click.FloatRange(**limits)
    return click.STRING


def _read_masks(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, object] | None:
    """Collect the masks that were given one by one; None where none was given."""
    if not given:
        return None
    if list(given) == ["none"]:
        return {}
    masks: dict[str, object] = {}
    for text in given:
        name, _, parameters = text.partition("=")
        if name not in MASK_NAMES:
            known = ", ".join(MASK_NAMES)
            message = f"no mask is called {name!r}; the masks are {known}, or none, alone, for no masks"
            raise click.BadParameter(message, ctx, param)
        if name in masks:
            raise click.BadParameter(f"{name} is given twice: give each mask once", ctx, param)
        try:
            masks[name] = _mask_parameters(name, parameters)
        except ValueError as error:
            message = (
                f"{text!r}: {parameters!r} is neither a ratio (0.5), nor ratios (0.3,0.6), "
                f"nor a grid min:max:step (0.3:0.9:0.05)"
            )
            raise click.BadParameter(message, ctx, param) from error
    return masks


def _mask_parameters(name: str, text: str) -> object:
    """Read ``0.5`` or ``0.3,0.6`` to ratios, ``0.3:0.9:0.05`` to a grid; nothing to True.

    What is allowed for each mask is for the configuration to say.
    """
    if not text:
        return True
    separator = ":" if ":" in text else ","
    numbers = [float(number) for number in text.split(separator)]
    return tuple(numbers) if name == "TimeBlockMask" or separator == ":" else numbers


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not a readable toml file: {error}") from error
