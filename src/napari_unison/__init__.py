"""One encoder, many sessions: align neural recordings by behaviour, look at the shared manifold in napari.

The names below are loaded when they are first used, so that ``import napari_unison`` stays fast and
imports neither torch, nor napari, nor Qt.
"""

from importlib.metadata import version as _version
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from napari_unison.encoder import UnifiedEncoder
    from napari_unison.sessions import (
        Session,
        load_session,
        load_sessions,
        sample_sessions,
        session_from_pynapple,
        split_sessions,
    )
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
    "session_from_pynapple",
    "split_sessions",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "sessions": [
            "Session",
            "load_session",
            "load_sessions",
            "sample_sessions",
            "session_from_pynapple",
            "split_sessions",
        ],
        "encoder": ["UnifiedEncoder"],
        "workspace": ["get_workspace"],
    },
)
