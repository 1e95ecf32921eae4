"""What a score on an embedding is, in the words that every table and figure uses."""

from __future__ import annotations

from typing import Final

DECODING: Final = "decoding"
CIRCULAR: Final = "circular (labels used)"
CONTROL: Final = "control of the aligned score"
