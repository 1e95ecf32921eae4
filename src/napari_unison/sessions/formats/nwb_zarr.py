"""NWB in Zarr folders, opened so that no pickle in them is ever run.

Arrays of references are pickled by those who write such folders, and unpickling can call any function. They
are not needed here, so that nothing is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_ONE_AT_A_TIME: Final = threading.Lock()


class _NoPickle:
    """Stands where a Zarr array names the codec "pickle": what it decodes is nothing."""

    codec_id = "pickle"

    @classmethod
    def from_config(cls, _: Any) -> _NoPickle:
        return cls()

    def get_config(self) -> dict[str, Any]:
        return {"id": self.codec_id}

    def encode(self, _: Any) -> Any:
        raise RuntimeError("pickles are neither read nor written")

    def decode(self, _: Any, __: Any = None) -> int:
        """Return 0, so that an array can be described; its values cannot be read."""
        return 0


@contextmanager
def without_pickles() -> Iterator[None]:
    """Let Zarr arrays that are opened meanwhile never unpickle, with any version of numcodecs.

    Raises
    ------
    ValueError
        If what describes an array is damaged; Zarr's own error for that is of no kind that Python knows.
    """
    from numcodecs import registry
    from zarr.errors import MetadataError

    with _ONE_AT_A_TIME:
        usual = registry.codec_registry.get("pickle")
        registry.register_codec(_NoPickle)
        try:
            yield
        except MetadataError as error:
            raise ValueError(f"what describes one of its arrays is damaged: {error}") from error
        finally:
            if usual is None:
                del registry.codec_registry["pickle"]
            else:
                registry.register_codec(usual)


def is_pickled(stored: Any) -> bool:
    """Return whether an array is of pickles, which are not read."""
    return any(isinstance(part, _NoPickle) for part in getattr(stored, "filters", None) or ())
