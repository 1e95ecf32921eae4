"""A window with one figure, as it is printed: to look at, and to save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_unison.widgets.messages import Message

FILTERS = {"Picture (*.png)": ".png", "Vector graphics (*.svg)": ".svg", "PDF (*.pdf)": ".pdf"}
#: Dots an inch of a saved picture.
PRINT_DPI = 300
#: Largest share of the screen that the window takes at first.
SCREEN_SHARE = 0.85


class FigureWindow(QDialog):
    """Shows a matplotlib figure on white; it scrolls where it is larger than the window.

    Parameters
    ----------
    figure : Figure
        What is shown.
    title : str
        Title of the window, and the name that a file is offered.
    parent : QWidget, optional
        Qt's parent.
    """

    def __init__(self, figure: Figure, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.figure = figure
        self.picture = QLabel()
        self.picture.setAccessibleName(title)
        self.picture.setPixmap(drawn(figure))
        area = QScrollArea()
        area.setWidget(self.picture)
        area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Write the figure as a picture (.png), or for print (.svg, .pdf).")
        self.save_button.clicked.connect(self._choose_file)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        self.message = Message()
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.save_button)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(area, 1)
        layout.addWidget(self.message)
        layout.addLayout(row)
        self._fit_screen()

    def _fit_screen(self) -> None:
        screen, size = self.screen(), self.picture.sizeHint()
        if screen is not None:
            most = screen.availableSize() * SCREEN_SHARE
            self.resize(min(size.width() + 50, most.width()), min(size.height() + 80, most.height()))

    def _choose_file(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(
            self, "Save the figure", f"{self.windowTitle()}.png", ";;".join(FILTERS)
        )
        if name:
            path = Path(name)
            self.save(path if path.suffix else path.with_suffix(FILTERS.get(chosen, ".png")))

    def save(self, path: Path) -> None:
        """Write the figure; its name says in which format."""
        try:
            self.figure.savefig(path, dpi=PRINT_DPI)
        except (OSError, ValueError) as error:
            self.message.show_error(f"The figure was not written. {error}")
        else:
            self.message.show_note(f"Written: {path}.")


def drawn(figure: Figure) -> QPixmap:
    """Return a figure as pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.ascontiguousarray(canvas.buffer_rgba())
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(image)
