"""The one error that this room raises for data that are not valid."""

from __future__ import annotations


class SessionError(ValueError):
    """A session, or a file that should hold one, is not valid.

    The message names the file, the session and the column, and says what to do.
    """
