from dataclasses import replace

import numpy as np
import pytest

from napari_unison import UnifiedEncoder
from napari_unison.encoder import Embedding
from napari_unison.sessions import SessionError, write_sessions


def test_stacked_latents_and_labels_go_together(fitted):
    embedding = fitted.embed()
    values, index = embedding.stacked()
    assert values.shape == (2100, embedding.n_latents)
    assert np.bincount(index).tolist() == [700, 500, 900]
    assert embedding.label("position").shape == (2100,)
    assert embedding.session_names == ("anna", "bert", "cleo")
    with pytest.raises(KeyError, match=r"no label is called 'speed'.*'position', 'direction'"):
        embedding.label("speed")


def test_the_kind_is_told_in_words(fitted):
    assert fitted.embed().description == "aligned (labels used, partners from the training sessions)"
    assert fitted.embed(align=False).description == "label-free (own neurons only)"
    assert fitted.embed(align=False).short_description == "label-free"


def test_it_introduces_itself_in_one_line(fitted):
    kind = "aligned (labels used, partners from the training sessions)"
    assert repr(fitted.embed()) == f"Embedding({kind}: 32 latents of 2100 bins in anna, bert, cleo)"


def test_a_table_has_one_row_a_bin(fitted):
    frame = fitted.embed(align=False).to_frame()
    assert len(frame) == 2100
    assert list(frame.columns[:6]) == ["session", "time_s", "segment", "position", "direction", "embedding"]
    assert set(frame["embedding"]) == {"label-free"}
    assert frame["time_s"].iloc[1] == pytest.approx(0.025)
    assert "latent_32" in frame


def test_the_table_of_an_aligned_embedding_holds_the_distance_of_every_partner(fitted):
    embedding = fitted.embed(partners="given", sessions=fitted.training_sessions_[:2])
    frame = embedding.to_frame()
    of_anna = frame[frame["session"] == "anna"]
    for number, name in enumerate(embedding.partner_names):
        np.testing.assert_array_equal(of_anna[f"residual_{name}"], embedding.residual[0][:, number])
    assert frame["residual_cleo"].isna().all()
    assert not any(name.startswith("residual") for name in fitted.embed(align=False).to_frame())


def test_the_unit_of_the_residual_is_that_of_the_labels(rats, tmp_path):
    metres = [rat.replace(units={"position": "m"}) for rat in rats]
    encoder = UnifiedEncoder(batch_size=16, max_iterations=1, verbose=False, random_state=0).fit(metres)
    embedding = encoder.embed()
    assert embedding.residual_unit == encoder.embed(align=False).residual_unit == "m"
    assert Embedding.load(embedding.save(tmp_path / "embedding.npz")).residual_unit == "m"
    encoder.set_params(label_scaling="range").fit(metres)
    assert encoder.embed().residual_unit == ""


def test_labels_called_like_our_columns_keep_their_place(fitted, rats):
    embedding = fitted.embed([rats[0]], align=False)
    segment = rats[0].replace(labels={"segment": rats[0].labels["position"]})
    frame = replace(embedding, sessions=(segment,)).to_frame()
    assert set(frame["segment"]) == {0}
    np.testing.assert_array_equal(frame["label_segment"], rats[0].labels["position"])


@pytest.mark.parametrize("align", [True, False])
def test_saving_and_loading_is_exact(fitted, tmp_path, align):
    embedding = fitted.embed(align=align, silence_own=align)
    again = Embedding.load(embedding.save(tmp_path / "embedding.npz"))
    assert again.description == embedding.description
    assert again.partner_names == embedding.partner_names
    for name in ("values", "residual"):
        for mine, expected in zip(getattr(again, name), getattr(embedding, name), strict=True):
            np.testing.assert_array_equal(mine, expected)
    np.testing.assert_array_equal(again.label("direction"), embedding.label("direction"))


def test_a_file_of_sessions_alone_is_refused(rats, tmp_path):
    write_sessions(tmp_path / "sessions.npz", rats)
    with pytest.raises(SessionError, match="sessions, but no embedding"):
        Embedding.load(tmp_path / "sessions.npz")
