"""Mappings that a person has used, one for each layout of files, kept from one day to the next."""

from __future__ import annotations

from pathlib import Path

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import Contents, FileMapping, Proposal, propose_mapping


def mappings_folder() -> Path:
    """Return the folder of the user's settings in which mappings are kept."""
    from platformdirs import user_config_path

    return user_config_path("napari-unison") / "mappings"


class RememberedMappings:
    """A toml file for each layout of files, by :attr:`Contents.layout`.

    Parameters
    ----------
    folder : path, optional
        Where they lie; in the user's settings unless given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return mappings_folder() if self._folder is None else self._folder

    def file_of(self, contents: Contents) -> Path:
        """Return the file of a layout, which need not be there."""
        return self.folder / f"{contents.layout}.toml"

    def find(self, contents: Contents) -> FileMapping | None:
        """Return the mapping that was used last for files of this layout.

        One that can no longer be read is as good as none: it is a convenience, and nobody wrote it by hand.
        """
        file = self.file_of(contents)
        if not file.is_file():
            return None
        try:
            return FileMapping.load(file)
        except SessionError:
            return None

    def remember(self, contents: Contents, mapping: FileMapping) -> None:
        """Keep a mapping for files of this layout.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        mapping.save(self.file_of(contents))

    def forget(self, contents: Contents) -> None:
        """Forget the mapping for files of this layout."""
        self.file_of(contents).unlink(missing_ok=True)

    def proposal(self, contents: Contents) -> Proposal:
        """Return the mapping that was used last, as a proposal; a fresh guess where there is none."""
        known = self.find(contents)
        if known is None:
            return propose_mapping(contents)
        return Proposal(known, (), known.to_fields())
