from __future__ import annotations

from napari_unison.analysis.units import label_unit


def test_a_unit_is_shown_only_where_it_is_known() -> None:
    assert label_unit("heading", "circular") == "rad"
    assert label_unit("position (cm)", "continuous") == "cm"
    assert label_unit("speed (m/s)", "continuous") == "m/s"
    assert label_unit("position", "continuous") == ""
    assert label_unit("position (smoothed)", "continuous") == ""
