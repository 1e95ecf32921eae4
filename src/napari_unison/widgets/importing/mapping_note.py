"""Where a mapping comes from, what was left out of a guess, and what of it the form does not show."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QLabel, QWidget

from napari_unison.workspace.import_problems import note_in_words

FRESH = "This mapping is remembered for files of this layout once it has been used."
REMEMBERED = "Filled in as files of this layout were imported last; the proposal may be another one."
#: Of what is to be known of a guess, as many sentences are shown.
MOST_NOTES = 3


class MappingNote(QLabel):
    """Some sentences below the form."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notes: tuple[str, ...] = ()
        self.setWordWrap(True)

    def take_notes(self, notes: Sequence[str]) -> None:
        """Take what a person should know of a guess; shown with the next :meth:`show_origin`."""
        self._notes = tuple(map(note_in_words, notes))

    def show_origin(self, *, is_remembered: bool, in_text_alone: Sequence[str]) -> None:
        """Say where the mapping comes from.

        Parameters
        ----------
        is_remembered : bool
            Whether it is the one that was used last for files of this layout.
        in_text_alone : sequence of str
            Its fields that the form does not show.
        """
        more = len(self._notes) - MOST_NOTES
        said = [*self._notes[:MOST_NOTES], *([f"{more} more notes in the tool tip."] if more > 0 else [])]
        origin = REMEMBERED if is_remembered else FRESH
        if in_text_alone:
            origin += f" It also has {', '.join(in_text_alone)}: see As text."
        self.setText("\n".join([*said, origin]))
        self.setToolTip("\n".join(self._notes))
