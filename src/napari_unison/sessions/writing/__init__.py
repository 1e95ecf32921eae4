"""Sessions into files that give them back exactly: NumPy, NWB and tables."""

from napari_unison.sessions.writing.by_ending import SESSION_ENDINGS, own_reader, write_sessions
from napari_unison.sessions.writing.nwb_sessions import write_session_nwb

__all__ = ["SESSION_ENDINGS", "own_reader", "write_session_nwb", "write_sessions"]
