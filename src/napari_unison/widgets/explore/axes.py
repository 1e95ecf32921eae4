"""Which three axes the picture has."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QWidget

from napari_unison.display.latent_points import LatentPoints, latent_points
from napari_unison.widgets.explore.section import Section, silent
from napari_unison.workspace.state import Workspace

AXES = {"best": "best for the labels", "pca": "principal components", "chosen": "chosen below"}
AXES_HELP = (
    "Best: the latent that says most about each label, then the next best. Principal components: those of "
    "all latents and sessions together. Or three latents of your choice; a click in Decode chooses the first."
)


class AxesSection(Section):
    """The best latents, principal components, or three latents that are chosen from lists."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._listed: tuple[Any, ...] = ()
        self.choice = QComboBox()
        self.choice.setToolTip(AXES_HELP)
        for choice, text in AXES.items():
            self.choice.addItem(text, choice)
        self.choice.activated.connect(self._choose_axes)
        self.latents = [QComboBox() for _ in range(3)]
        form = self.make_form()
        self.add_row(form, "axes", self.choice)
        for axis, combo in enumerate(self.latents):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(12)
            combo.setToolTip(
                "Latents, counted from 1, with the label that each is best for; one that is on another axis "
                "changes places with it."
            )
            combo.activated.connect(lambda _=0, axis=axis: self._choose_latent(axis))
            self.add_row(form, f"axis {axis + 1}", combo)
        self.listen(workspace.events.embedding, self.update_fields)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    # -- what a click does -----------------------------------------------------------------------------

    def _choose_axes(self) -> None:
        choice = self.choice.currentData()
        if choice == "chosen":
            drawn = self._drawn()
            choice = drawn if drawn is not None else self._best()
        if choice is not None:
            self.show_changes(latents=choice)
        self.update_fields()

    def _choose_latent(self, axis: int) -> None:
        latents, latent = list(self._drawn() or ()), self.latents[axis].currentData()
        if axis >= len(latents) or latent is None:
            return
        if latent in latents:
            latents[latents.index(latent)] = latents[axis]
        latents[axis] = latent
        self.show_changes(latents=tuple(latents))
        self.update_fields()

    def _drawn(self) -> tuple[int, ...] | None:
        """Return the latents that are the axes now; None for components."""
        latents = self.workspace.display.latents
        if latents == "best":
            return self._best()
        return None if isinstance(latents, str) else latents

    def _best(self) -> tuple[int, ...] | None:
        run, embedding = self.workspace.run, self.workspace.embedding
        return None if run is None or embedding is None else run.best_latents(embedding.kind)

    # -- what the workspace tells ----------------------------------------------------------------------

    def update_fields(self) -> None:
        """Show the axes that are drawn."""
        settings, embedding = self.workspace.display, self.workspace.embedding
        with silent(self.choice, *self.latents):
            choice = settings.latents if isinstance(settings.latents, str) else "chosen"
            self.choice.setCurrentIndex(self.choice.findData(choice))
            self.choice.setEnabled(embedding is not None)
            self._list_latents()
            drawn = self._drawn()
            for axis, combo in enumerate(self.latents):
                is_latent = embedding is not None and drawn is not None and axis < len(drawn)
                combo.setEnabled(is_latent)
                combo.setPlaceholderText(f"component {axis + 1}" if drawn is None else "–")
                combo.setCurrentIndex(combo.findData(drawn[axis]) if is_latent and drawn else -1)

    def _list_latents(self) -> None:
        """List the latents of the shown embedding, with what each is best for."""
        run, embedding = self.workspace.run, self.workspace.embedding
        scores = None if run is None or embedding is None else run.latent_scores.get(embedding.kind)
        listed = (embedding, scores)
        if len(self._listed) == 2 and all(old is new for old, new in zip(self._listed, listed, strict=True)):
            return
        self._listed = listed
        points = None
        if scores is not None and embedding is not None:
            points = latent_points(scores, embedding.sessions[0])
        for combo in self.latents:
            combo.clear()
            for latent in range(0 if embedding is None else embedding.n_latents):
                combo.addItem(latent_title(latent, points), latent)
                if points is not None:
                    combo.setItemData(latent, points.in_words(latent), Qt.ItemDataRole.ToolTipRole)


def latent_title(latent: int, points: LatentPoints | None) -> str:
    """Name a latent (counted from 0) for a list, with the label that it is best for."""
    if points is None or latent not in points.best:
        return f"latent {latent + 1}"
    label, *others = points.best[latent].split(" and ")
    return f"latent {latent + 1} · {label}{', …' if others else ''}"
