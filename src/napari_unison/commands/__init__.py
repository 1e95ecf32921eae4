"""One file a command of ``napari-unison``; rooms are imported inside, so that ``--help`` answers at once."""
