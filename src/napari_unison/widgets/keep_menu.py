"""The menu of everything that can be kept, with its keys."""

from __future__ import annotations

from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMenu, QWidget

from napari_unison.widgets.keep_actions import KeepActions

#: Title, method, keys, tooltip; None is a line between them.
ENTRIES: tuple[tuple[str, str, str, str] | None, ...] = (
    ("Open workspace…", "open_workspace", "Ctrl+Alt+O", "Open what was saved with Save workspace."),
    (
        "Save workspace…",
        "save_workspace",
        "Ctrl+Alt+S",
        "Sessions, runs with embeddings and scores, selections and the view, in one folder.",
    ),
    None,
    (
        "Export embedding…",
        "export",
        "Ctrl+Alt+E",
        "The embedding that is shown as a table: session, time, labels with units, all latents, named sets; "
        "or beside the recording, in a copy of its NWB file.",
    ),
    (
        "Export selected bins…",
        "export_selected",
        "",
        "The same table, of the time alone that is selected in Traces or with the lasso.",
    ),
    (
        "Export session…",
        "export_session",
        "",
        "A session with activity, labels and neurons as NWB, NumPy, Parquet or csv, for other programs; it "
        "opens here as it was.",
    ),
    (
        "Save figure…",
        "save_figure",
        "Ctrl+Alt+F",
        "The view on white, from the same side as on the canvas, with title and legend.",
    ),
    ("Save turning movie…", "save_movie", "Ctrl+Alt+M", "Once around the view, in the background."),
    None,
    (
        "Link a movie…",
        "link_movie",
        "Ctrl+Alt+L",
        "A movie of behaviour or calcium in a window of its own follows the time cursor, and drives it.",
    ),
    ("Unlink movies", "unlink_movies", "", "Movies and cursor go their own ways again."),
    None,
    ("Copy as script", "copy_script", "Ctrl+Alt+C", "The Python that repeats what was done, to be pasted."),
    (
        "Save script…",
        "save_script",
        "",
        "The same as a file, with sessions that come from no file beside it.",
    ),
)


def keep_menu(actions: KeepActions, parent: QWidget) -> QMenu:
    """Return the menu of everything that can be kept; its keys work in the whole window."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    by_method = {}
    for entry in ENTRIES:
        if entry is None:
            menu.addSeparator()
            continue
        title, method, keys, tooltip = entry
        action = QAction(title, menu)
        action.setToolTip(tooltip)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False, method=method: getattr(actions, method)())
        menu.addAction(action)
        parent.addAction(action)
        by_method[method] = action
    unlink = by_method["unlink_movies"]
    menu.aboutToShow.connect(lambda: unlink.setEnabled(actions.has_movies))
    return menu
