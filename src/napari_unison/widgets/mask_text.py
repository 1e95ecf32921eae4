"""Masks as lines of text, ``RandomNeuronMask: (0.3, 0.9, 0.05)``, and back; what they do, in words."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from napari_unison.encoder import ConfigurationError
from napari_unison.encoder.config import MASK_NAMES, RatioGrid, RatioList, TimeBlocks

PURPOSE = (
    "Masks hide a part of the activity from the encoder while it learns, so that it relies on no single "
    "neuron, moment or session. Nothing is hidden when it embeds."
)
KINDS = {
    "RandomNeuronMask": "neurons, others in each sample",
    "RandomTimestepMask": "time bins of the window, others in each sample",
    "NeuronBlockMask": "neurons, as one block of neighbours",
    "TimeBlockMask": "time bins of the window, in blocks",
    "SessionMask": "whole sessions; at least one is left, often only one",
}
HELP = (
    "One mask a line, as name: value. The value is a share (0.5), a list of shares ([0.3, 0.6]), a grid "
    "(min, max, step) such as (0.3, 0.9, 0.05), for TimeBlockMask (rate, length), for SessionMask True."
)


def masks_to_text(masks: Mapping[str, Any]) -> str:
    """Write masks, one a line."""
    return "\n".join(f"{name}: {_value_text(parameters)}" for name, parameters in masks.items())


def _value_text(parameters: Any) -> str:
    if isinstance(parameters, RatioGrid):
        return f"({parameters.min}, {parameters.max}, {parameters.step})"
    if isinstance(parameters, RatioList):
        return "[" + ", ".join(map(str, parameters.ratios)) + "]"
    if isinstance(parameters, TimeBlocks):
        return f"({parameters.rate}, {parameters.length})"
    return "True"


def masks_in_words(masks: Mapping[str, Any]) -> str:
    """Say what is hidden while an encoder learns, a line for each mask."""
    if not masks:
        return "Nothing is hidden while it learns."
    hidden = [f"• {_hidden(name, parameters)}" for name, parameters in masks.items()]
    return "\n".join(["Hidden while it learns" + (", one at a time:" if len(hidden) > 1 else ":"), *hidden])


def _hidden(name: str, parameters: Any) -> str:
    if isinstance(parameters, RatioGrid | RatioList):
        return f"{_percent(parameters.choices())} of the {KINDS[name]}"
    if isinstance(parameters, TimeBlocks):
        bins = "bin" if parameters.length == 1 else "bins"
        return (
            f"time bins in blocks of {parameters.length} {bins}, from {_percent([parameters.rate])} "
            "of those in the window on"
        )
    return KINDS[name]


def _percent(shares: Sequence[float]) -> str:
    lowest, highest = (f"{100 * share:.3g}" for share in (min(shares), max(shares)))
    return f"{lowest} %" if lowest == highest else f"{lowest} to {highest} %"


def help_in_words() -> str:
    """Return what masks are for, which there are and how they are written, as rich text."""
    kinds = "".join(f"<li>{name}: {what}</li>" for name, what in KINDS.items())
    return f"{PURPOSE}</p><ul>{kinds}</ul><p>{HELP}"


def masks_from_text(text: str) -> dict[str, Any]:
    """Read masks from lines.

    Raises
    ------
    ConfigurationError
        If a line is not ``name: value``; the message shows the line.
    """
    masks: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ConfigurationError(
                f"masks: {line.strip()!r} is not of the form name: value; "
                f"the names are {', '.join(MASK_NAMES)}"
            )
        try:
            masks[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError) as error:
            raise ConfigurationError(
                f"masks: the value {value.strip()!r} of {name.strip()} cannot be read. {HELP}"
            ) from error
    return masks
