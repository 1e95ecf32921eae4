"""The tables of fields in the page on formats, made from what a mapping really takes.

python docs/make_formats.py
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from napari_unison.sessions.importing import FileMapping, LabelMapping, PartsMapping, SegmentMapping

PAGE = Path(__file__).parent / "formats.md"
MODELS = {model.__name__: model for model in (FileMapping, LabelMapping, SegmentMapping, PartsMapping)}
_PLACE = re.compile(r"(?P<begin><!-- fields of (?P<name>\w+) -->\n).*?(?P<end><!-- end of fields -->)", re.S)


def with_tables(text: str) -> str:
    """Return a page with the tables of fields as they are now."""

    def table(found: re.Match[str]) -> str:
        return f"{found['begin']}{field_table(MODELS[found['name']])}{found['end']}"

    return _PLACE.sub(table, text)


def field_table(model: type[BaseModel]) -> str:
    """Return the fields of a model as a table in Markdown."""
    lines = ["| field | takes | unless given | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{name}` | {_taken(field.annotation)} | {_default(field)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    if value in (None, "", (), {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _taken(annotation: Any) -> str:
    """Return in words what a field takes."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner if choice)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_taken(kind) for kind in inner if kind is not NoneType))
    if origin is tuple and Ellipsis in inner:
        return f"{_taken(inner[0])} or a list" if inner[0] is str else f"list of {_taken(inner[0])}s"
    if origin is tuple:
        return "pair of texts"
    if origin is not None and issubclass(origin, Mapping):
        return f"table: {_taken(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[table](#{annotation.__name__.lower()})"
    return {str: "text", float: "number", int: "whole number", bool: "true or false"}[annotation]


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
