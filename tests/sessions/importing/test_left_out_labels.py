"""A label whose length does not fit the activity is not left out in silence."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import (
    Contents,
    array_entry,
    propose_mapping,
    require_mapping,
    sessions_from,
)


def arrays(**named):
    return Contents(
        "a.npz", [array_entry(name.replace("__", "/"), np.asarray(v)) for name, v in named.items()]
    )


def test_a_label_that_is_too_short_is_named_with_both_lengths():
    contents = arrays(
        spk=np.ones((400, 7)), x_cm=np.arange(393.0), hd=np.arange(400.0), t=np.arange(400) * 0.1
    )
    proposal = propose_mapping(contents)
    assert set(proposal.mapping.labels) == {"hd"}
    assert proposal.notes == (
        "x_cm (393 values) was left out: spk has 400 × 7 values, and every bin needs one. Cut it to the same "
        "bins, or save its own times (s) in the file and name them (labels.x_cm.time)",
    )


def test_many_are_named_together_and_lists_of_trials_are_not():
    short = {f"pos_{i}": np.arange(50.0) for i in range(6)}
    contents = arrays(dff=np.ones((400, 7)), trial_start=np.arange(12.0), lick_times=np.arange(90.0), **short)
    (note,) = propose_mapping(contents, bin_width=0.1).notes
    assert "pos_3 (50 values) and 2 more were left out" in note
    assert "trial_start" not in note
    assert "lick_times" not in note


def test_without_any_other_label_the_error_tells_of_it():
    with pytest.raises(
        SessionError, match=r"nothing in it is clearly a label(.|\n)*x \(393 values\) was left"
    ):
        require_mapping(arrays(spk=np.ones((400, 7)), x=np.arange(393.0)), bin_width=0.1)


def test_a_label_with_times_of_its_own_is_brought_onto_the_bins():
    contents = arrays(
        spk=np.ones((400, 7)),
        t=np.arange(400) * 0.1,
        pos=np.arange(1200.0),
        cam_t=np.arange(1200) / 30,
        lick_t=np.arange(90.0),
    )
    proposal = propose_mapping(contents)
    assert proposal.notes == ()
    assert proposal.mapping.labels["pos"].time == "cam_t"
    session = sessions_from(contents, proposal.mapping)[0]
    np.testing.assert_allclose(session.labels["pos"][:300], 30 * session.time[:300], atol=1.6)


def test_of_several_times_those_that_are_called_alike_or_lie_beside_are_taken():
    both = {"t": np.arange(400) * 0.1, "spk": np.ones((400, 7)), "eye_t": np.arange(90.0)}
    by_name = arrays(**both, pos_x=np.arange(90.0), pos_t=np.arange(90.0))
    assert require_mapping(by_name).labels["pos_x"].time == "pos_t"
    by_group = arrays(**both, move__x=np.arange(90.0), move__t=np.arange(90.0))
    assert require_mapping(by_group).labels["move x"].time == "move/t"
    unclear = arrays(**both, x=np.arange(90.0), cam_t=np.arange(90.0), hd=np.arange(400.0))
    with pytest.warns(UserWarning, match=r"^a\.npz: x \(90 values\) was left out"):
        assert set(require_mapping(unclear).labels) == {"hd"}
