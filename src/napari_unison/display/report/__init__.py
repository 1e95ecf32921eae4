"""One self-contained page about a saved run: what it is, every figure, the decoding, how to repeat it."""

from napari_unison.display.report.page import write_report

__all__ = ["write_report"]
