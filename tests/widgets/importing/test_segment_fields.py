from __future__ import annotations

import pytest

from napari_unison.widgets.importing.segment_fields import SegmentFields


@pytest.mark.parametrize(
    "said", [{}, {"changes_of": "side"}, {"jumps_of": "place", "jump": 0.5}, {"steps_back_of": "place"}]
)
def test_what_a_mapping_says_of_segments_stays_as_it_is(qtbot, said):
    fields = SegmentFields()
    qtbot.addWidget(fields)
    labels = {"place": {"source": "x", "kind": "continuous"}, "side": {"source": "y", "kind": "discrete"}}
    fields.show_segments(said, {}, labels)
    assert fields.fields() == said
