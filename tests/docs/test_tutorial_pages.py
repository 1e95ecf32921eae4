"""The tutorials on real recordings show every picture that is taken for them, and no large ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("calcium-mice", "head-direction")
LARGEST = 250_000
"""Bytes of a picture."""


@pytest.mark.parametrize("name", PAGES)
def test_pictures_are_shown_and_small(name: str) -> None:
    text = (DOCS / f"tutorial-{name}.md").read_text(encoding="utf-8")
    shown = {Path(link) for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)}
    taken = {path.relative_to(DOCS) for path in (DOCS / "pictures" / name).iterdir()}
    assert taken == shown
    assert {path.name for path in taken if (DOCS / path).stat().st_size > LARGEST} == set()
