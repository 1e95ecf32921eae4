"""Masks as lines of text, ``RandomNeuronMask: (0.3, 0.9, 0.05)``, and back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from napari_unison.encoder import ConfigurationError
from napari_unison.encoder.config import MASK_NAMES, RatioGrid, RatioList, TimeBlocks

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
