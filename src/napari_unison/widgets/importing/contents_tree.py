"""What a file holds as a tree: paths, kinds, shapes, units, rates; entries can be dragged into the form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import QMimeData, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_unison.sessions.importing import Contents, Entry

#: Entries of the file that are dragged: a json list of (path, column of intervals).
ENTRIES_TYPE = "application/x-unison-entries"
HELP = (
    "What the file holds. Double-click an entry, or drag it into the table, to make a label of it; "
    "drag one into a field to name it there."
)
PATH_ROLE = int(Qt.ItemDataRole.UserRole)
FIELD_ROLE = PATH_ROLE + 1
NAME_ROLE = PATH_ROLE + 2

#: An entry of a file, and a column of it where it is one of intervals.
Chosen = tuple[str, str]


class ContentsTree(QTreeWidget):
    """Entries of a file under the groups they stand in; those of a file beside it under its name."""

    activated_entry = Signal(str, str)
    """Emitted with path and column of an entry that was double-clicked, or confirmed by Enter."""

    renamed = Signal(str, str)
    """Emitted with the name of a file beside and the one that a person typed in its place."""

    removed = Signal(str)
    """Emitted with the name of a file beside that shall be taken out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(["entry", "what it is"])
        self.setToolTip(HELP)
        self.setAccessibleName("what the file holds")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        header = self.header()
        if header is not None:
            header.setStretchLastSection(True)
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.itemDoubleClicked.connect(self._activate)
        self.itemChanged.connect(self._take_name)

    def show_contents(
        self, contents: Contents | None, companions: Mapping[str, Contents | None] | None = None
    ) -> None:
        """Show another file, or nothing, and the files beside it, by name; None for one that is not open."""
        self.blockSignals(True)
        self.clear()
        if contents is not None:
            self._add_all(contents)
        given: Mapping[str, Contents | None] = companions or {}
        for name, companion in given.items():
            self._add_all(companion, name)
        self._unfold()
        self.blockSignals(False)

    def _add_all(self, contents: Contents | None, name: str = "") -> None:
        groups: dict[str, QTreeWidgetItem] = {}
        root = self._add_root(contents, name) if name else None
        for entry in () if contents is None else contents.entries.values():
            self._add(entry, f"{name}:" if name else "", root, groups)

    def _add_root(self, contents: Contents | None, name: str) -> QTreeWidgetItem:
        if contents is None:
            root = QTreeWidgetItem([name, "cannot be opened"])
            tip = "A file beside that the mapping names, and that is missing or cannot be read."
        else:
            root = QTreeWidgetItem([name, contents.stem])
            tip = (
                f"{Path(contents.place).name}, a file beside. F2 gives it another name, Delete takes it out."
            )
        root.setFlags(root.flags() | Qt.ItemFlag.ItemIsEditable)
        root.setData(0, NAME_ROLE, name)
        for column in range(2):
            root.setToolTip(column, tip)
        self.addTopLevelItem(root)
        return root

    def _unfold(self) -> None:
        self.expandAll()
        for item in self._all():
            if item.data(0, FIELD_ROLE):
                parent = item.parent()
                if parent is not None and parent.childCount() > 8:
                    parent.setExpanded(False)
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(max(self.columnWidth(0) + 4, 110), 190))

    def _add(
        self, entry: Entry, prefix: str, root: QTreeWidgetItem | None, groups: dict[str, QTreeWidgetItem]
    ) -> None:
        parts = _parts(entry.path)
        item = QTreeWidgetItem([parts[-1], entry_in_words(entry)])
        item.setData(0, PATH_ROLE, prefix + entry.path)
        words = entry.description.strip()
        tip = f"{prefix}{entry.said()}\n{words}" if words else prefix + entry.said()
        for column in range(2):
            item.setToolTip(column, tip)
        for field in entry.fields:
            child = QTreeWidgetItem([field, "column"])
            child.setData(0, PATH_ROLE, prefix + entry.path)
            child.setData(0, FIELD_ROLE, field)
            child.setToolTip(0, f"A column of {prefix}{entry.path}: each of its intervals has a value.")
            item.addChild(child)
        self._put(item, self._group(parts[:-1], root, groups))

    def _group(
        self, parts: list[str], root: QTreeWidgetItem | None, groups: dict[str, QTreeWidgetItem]
    ) -> QTreeWidgetItem | None:
        above = root
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in groups:
                groups[path] = QTreeWidgetItem([parts[depth - 1]])
                groups[path].setFlags(Qt.ItemFlag.ItemIsEnabled)
                self._put(groups[path], above)
            above = groups[path]
        return above

    def _put(self, item: QTreeWidgetItem, above: QTreeWidgetItem | None) -> None:
        if above is None:
            self.addTopLevelItem(item)
        else:
            above.addChild(item)

    # -- files beside ----------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of the files beside."""
        return [item.data(0, NAME_ROLE) for item in self._all() if item.data(0, NAME_ROLE)]

    def current_name(self) -> str:
        """Return the file beside in which the current item stands, or which is the only one; else ""."""
        item, names = self.currentItem(), self.names()
        while item is not None and not item.data(0, NAME_ROLE):
            item = item.parent()
        if item is not None:
            return str(item.data(0, NAME_ROLE))
        return names[0] if len(names) == 1 else ""

    def show_name(self, name: str) -> None:
        """Bring a file beside into view, and select it."""
        for item in self._all():
            if item.data(0, NAME_ROLE) == name:
                self.clearSelection()
                self.setCurrentItem(item)
                self.scrollToItem(item, QAbstractItemView.ScrollHint.PositionAtTop)

    def edit(self, index: Any, *more: Any) -> Any:
        """Begin to edit a name; what stands beside it is not edited."""
        if not more:
            super().edit(index)
            return None
        return index.column() == 0 and super().edit(index, *more)

    def _take_name(self, item: QTreeWidgetItem, column: int) -> None:
        name, typed = item.data(0, NAME_ROLE), item.text(0).strip()
        if column == 0 and name and typed != name:
            self.blockSignals(True)
            item.setText(0, name)
            self.blockSignals(False)
            self.renamed.emit(name, typed)

    # -- what is chosen --------------------------------------------------------------------------------

    def chosen(self) -> list[Chosen]:
        """Return the selected entries, in the order of the file."""
        picked = [item for item in self._all() if item.isSelected()]
        return [one for one in map(_chosen, picked) if one[0]]

    def choose(self, paths: Iterable[str]) -> None:
        """Select entries by path."""
        wanted = set(paths)
        for item in self._all():
            item.setSelected(item.data(0, PATH_ROLE) in wanted and not item.data(0, FIELD_ROLE))

    def filter(self, text: str) -> None:
        """Show entries whose path contains a text, upper or lower case."""
        wanted = text.strip().lower()
        for item in self._all():
            path, field = _chosen(item)
            if path:
                item.setHidden(wanted not in f"{path}/{field}".lower() and not self._child_fits(item, wanted))
        for item in reversed(self._all()):
            if not _chosen(item)[0]:
                item.setHidden(all(child.isHidden() for child in _children(item)))

    @staticmethod
    def _child_fits(item: QTreeWidgetItem, wanted: str) -> bool:
        return any(wanted in _chosen(child)[1].lower() for child in _children(item))

    def paths(self) -> list[str]:
        """Return the paths of the entries that are to be seen."""
        return [
            item.data(0, PATH_ROLE)
            for item in self._all()
            if item.data(0, PATH_ROLE) and not item.data(0, FIELD_ROLE) and not item.isHidden()
        ]

    def _all(self) -> list[QTreeWidgetItem]:
        """Return all items, groups before what stands in them."""
        found: list[QTreeWidgetItem] = []
        waiting = [self.topLevelItem(row) for row in reversed(range(self.topLevelItemCount()))]
        while waiting:
            item = waiting.pop()
            if item is not None:
                found.append(item)
                waiting += reversed(_children(item))
        return found

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Make labels of the selected entries with the space bar; Enter stays with the dialog.

        Delete takes a file beside out.
        """
        if event.key() == Qt.Key.Key_Space and self.chosen():
            for path, field in self.chosen():
                self.activated_entry.emit(path, field)
            return
        current = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and current is not None and current.data(0, NAME_ROLE):
            self.removed.emit(current.data(0, NAME_ROLE))
            return
        super().keyPressEvent(event)

    def _activate(self, item: QTreeWidgetItem) -> None:
        path, field = _chosen(item)
        if path:
            self.activated_entry.emit(path, field)

    def mimeData(self, items: Any) -> QMimeData:  # noqa: N802 - Qt's name
        """Return what is dragged: entries, and their paths as text for fields."""
        chosen = [one for one in map(_chosen, items) if one[0]]
        data = QMimeData()
        data.setData(ENTRIES_TYPE, json.dumps(chosen).encode())
        data.setText("; ".join(dict.fromkeys(path for path, _ in chosen)))
        return data


def dragged_entries(data: QMimeData) -> list[Chosen]:
    """Return the entries that are dragged; empty for anything else."""
    if not data.hasFormat(ENTRIES_TYPE):
        return []
    return [(path, field) for path, field in json.loads(bytes(data.data(ENTRIES_TYPE).data()))]


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = [item.child(row) for row in range(item.childCount())]
    return [child for child in found if child is not None]


def _chosen(item: QTreeWidgetItem) -> Chosen:
    return item.data(0, PATH_ROLE) or "", item.data(0, FIELD_ROLE) or ""


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part] or [path]


def entry_in_words(entry: Entry) -> str:
    """Say in a few words what an entry is, such as "1200 × 3, 30 Hz, m" or "spikes of 15 neurons"."""
    if entry.kind == "spikes":
        return f"spikes of {entry.shape[0]} neurons" if entry.shape else "spikes"
    size = " × ".join(map(str, entry.shape)) or "one value"
    if entry.kind in ("intervals", "events"):
        return f"{size} {entry.kind}"
    kind = "" if entry.dtype.startswith("float") else f" {entry.dtype.replace('str', 'text')}"
    rate = f"{entry.rate:.4g} Hz" if entry.rate else ""
    return ", ".join(word for word in (f"{size}{kind}", rate, entry.unit) if word)
