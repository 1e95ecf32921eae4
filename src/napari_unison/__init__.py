"""One encoder, many sessions: align neural recordings by behaviour, look at the shared manifold in napari.

The names below are loaded when they are first used, so that ``import napari_unison`` stays fast and
imports neither torch, nor napari, nor Qt.
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unison.encoder import UnifiedEncoder
    from napari_unison.sessions import Session, load_session, load_sessions, sample_sessions, split_sessions
    from napari_unison.workspace import get_workspace

__version__ = _version("napari-unison")

__all__ = [
    "Session",
    "UnifiedEncoder",
    "__version__",
    "get_workspace",
    "load_session",
    "load_sessions",
    "sample_sessions",
    "split_sessions",
]

_ROOM_OF = {
    "Session": "sessions",
    "load_session": "sessions",
    "load_sessions": "sessions",
    "sample_sessions": "sessions",
    "split_sessions": "sessions",
    "UnifiedEncoder": "encoder",
    "get_workspace": "workspace",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use (PEP 562)."""
    if name in _ROOM_OF:
        value = getattr(import_module(f"napari_unison.{_ROOM_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
