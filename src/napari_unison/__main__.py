"""Run the command as ``python -m napari_unison``."""

from napari_unison.cli import main

main(prog_name="napari-unison")
