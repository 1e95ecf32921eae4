"""Files that appear complete or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give the name of a new file to write; it takes its place when all is written.

    What stands there is replaced, and only once the new file is complete. After an error it is there as it
    was.

    Parameters
    ----------
    target : Path
        The place; its folder exists.

    Yields
    ------
    Path
        In the same folder, with the same ending, since many writers go by it.
    """
    fresh = target.with_name(f".{target.stem}.{uuid.uuid4().hex}{target.suffix.lower()}")
    try:
        yield fresh
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
