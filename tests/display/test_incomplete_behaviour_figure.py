from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_unison.analysis import PartEmbeddings
from napari_unison.display.figures import incomplete_behaviour_figure
from napari_unison.display.figures.layout import figure_title


def test_part_and_rest_stand_beside_their_controls(make_session, make_embedding) -> None:
    whole, other = (make_session(name, 600).replace(units={"position": "m"}) for name in ("rat 1", "rat 2"))
    near = whole.labels["position"] < 0.8
    part, rest = whole[near], whole[~near]
    figure = incomplete_behaviour_figure(
        PartEmbeddings(
            part=part,
            rest=rest,
            others=(other,),
            alone=make_embedding([part], kind="label-free"),
            together=make_embedding([part]),
            others_together=make_embedding([other]),
            rest_aligned=make_embedding([rest]),
            rest_silenced=make_embedding([rest], control="silenced"),
            rest_label_free=make_embedding([rest], kind="label-free"),
        ),
        note="two simulated rats",
    )
    FigureCanvasAgg(figure).draw()
    title = " ".join(figure_title(figure).split())
    assert title.startswith("Incomplete behaviour: rat 1 together with 1 complete session ")
    assert "label-free: its own neurons only" in title
    assert title.endswith("two simulated rats")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:6] == [
        "behaviour in training, and the rest",
        "the part alone (its own encoder)",
        "the part, aligned with the others",
        "the rest, aligned (circular)",
        "the rest, aligned, own neurons silenced",
        "the rest, label-free (own neurons only)",
    ]
    coverage = figure.axes[0]
    assert coverage.get_xlabel() == "position (m)"
    assert coverage.get_ylabel() == "time in each bin (s)"
    drawn = sum(float(np.sum(patch.get_data().values)) for patch in coverage.patches)
    assert np.isclose(drawn, whole.duration)
