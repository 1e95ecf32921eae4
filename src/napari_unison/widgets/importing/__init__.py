"""The import dialog: what a file holds, what of it is activity and what a label, and how that looks."""

from napari_unison.widgets.importing.begin import begin_import, open_dropped
from napari_unison.widgets.importing.dialog import ImportDialog

__all__ = ["ImportDialog", "begin_import", "open_dropped"]
