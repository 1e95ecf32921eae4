"""How long analyses tell how far they are."""

from collections.abc import Callable

OnProgress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and what comes next, in words."""
