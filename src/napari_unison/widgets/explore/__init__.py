"""The Explore tab: which run, which embedding of it, which axes, which colours."""

from napari_unison.widgets.explore.explore import ExploreWidget

__all__ = ["ExploreWidget"]
