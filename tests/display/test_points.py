from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Layer
from sklearn.decomposition import PCA

from napari_unison.display import embedding_axes, feature_colours, point_layers
from napari_unison.display.points import point_sets, thin


def test_one_layer_a_session_and_one_for_all(embedding) -> None:
    layers = point_layers(embedding, (0, 1, 2), feature_colours(embedding))
    assert [attributes["name"] for _, attributes, _ in layers] == [
        "rat 1 · aligned",
        "rat 2 · aligned",
        "all sessions · aligned",
    ]
    data, attributes, kind = layers[1]
    assert kind == "points"
    np.testing.assert_allclose(data, 100 * embedding.values[1][:, :3], rtol=1e-6)
    assert attributes["metadata"]["session"] == "rat 2"
    assert attributes["metadata"]["kind"] == "aligned"
    assert attributes["metadata"]["description"] == embedding.description
    assert layers[2][1]["metadata"]["session"] is None
    assert len(layers[2][0]) == 1000


def test_name_says_that_own_neurons_were_silenced(make_session, make_embedding) -> None:
    control = make_embedding([make_session()], control="silenced")
    layers = point_layers(control, (0, 1, 2), feature_colours(control))
    assert len(layers) == 1
    assert layers[0][1]["name"] == "rat 1 · aligned, silenced control"


def test_napari_takes_the_layers(embedding) -> None:
    for data in point_layers(embedding, "pca", feature_colours(embedding, on_dark=True), max_points=100):
        layer = Layer.create(*data)
        assert layer.ndim == 3
        assert list(layer.features.columns) == ["session", "time_s", "segment", "position", "direction"]
        np.testing.assert_allclose(layer.border_color[:, 3], 0)


def test_thinning_is_even_and_keeps_both_ends(embedding) -> None:
    layers = point_layers(embedding, (0, 1, 2), feature_colours(embedding), max_points=100)
    metadata = [attributes["metadata"] for _, attributes, _ in layers]
    assert [found["n_shown"] for found in metadata] == [40, 60, 100]
    assert [found["n_bins"] for found in metadata] == [400, 600, 1000]
    bins = metadata[1]["bins"]
    assert (bins[0], bins[-1]) == (0, 599)
    assert set(np.diff(bins)) <= {10, 11}
    np.testing.assert_array_equal(metadata[2]["bins"][40:], bins)
    np.testing.assert_array_equal(np.bincount(metadata[2]["session_index"]), [40, 60])
    np.testing.assert_array_equal(layers[1][1]["features"]["time_s"], embedding.sessions[1].time[bins])


def test_nothing_is_thinned_below_the_cap() -> None:
    np.testing.assert_array_equal(thin(5, 10), np.arange(5))


def test_components_are_those_of_all_sessions(embedding) -> None:
    axes = embedding_axes(embedding)
    expected = PCA(3).fit_transform(embedding.stacked()[0])
    np.testing.assert_allclose(np.abs(axes.project(embedding.stacked()[0])), np.abs(expected), atol=1e-4)
    assert axes.names == ("component 1", "component 2", "component 3")


@pytest.mark.parametrize("n_latents", [1, 2])
@pytest.mark.parametrize("latents", ["pca", (0,)])
def test_fewer_than_three_latents_lie_flat(make_session, make_embedding, n_latents: int, latents) -> None:
    flat = make_embedding([make_session()], n_latents=n_latents)
    data, attributes, _ = point_layers(flat, latents, feature_colours(flat))[0]
    assert data.shape == (400, 3)
    assert np.ptp(data[:, 0]) > 0
    assert np.ptp(data[:, 2]) == 0
    assert attributes["metadata"]["axes"][2] == "–"


def test_errors_say_what_is_possible(embedding, make_session, make_embedding) -> None:
    with pytest.raises(ValueError, match="one to three of the 4 latents"):
        embedding_axes(embedding, (0, 1, 4))
    other = feature_colours(make_embedding([make_session()]))
    with pytest.raises(ValueError, match="colours for 400 bins, but the embedding has 1000"):
        point_layers(embedding, "pca", other)
    with pytest.raises(ValueError, match="2 sessions need at least one point each"):
        point_layers(embedding, "pca", feature_colours(embedding), max_points=1)


def test_some_of_the_sessions_share_what_may_be_drawn(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session("rat 1"), make_session("rat 2", 600), make_session("rat 3")])
    layers = point_layers(
        embedding, (0, 1, 2), feature_colours(embedding), max_points=100, sessions=("rat 3", "rat 1")
    )
    assert [attributes["name"] for _, attributes, _ in layers] == [
        "rat 1 · aligned",
        "rat 3 · aligned",
        "2 of 3 sessions · aligned",
    ]
    metadata = layers[-1][1]["metadata"]
    assert (metadata["n_shown"], metadata["n_bins"], metadata["sessions"]) == (100, 800, ("rat 1", "rat 3"))
    assert set(metadata["session_index"]) == {0, 2}
    alone = point_layers(
        embedding, (0, 1, 2), feature_colours(embedding), sessions=("rat 2",), separate=False
    )
    assert [attributes["metadata"]["session"] for _, attributes, _ in alone] == ["rat 2"]
    with pytest.raises(ValueError, match="it holds rat 1, rat 2, rat 3"):
        point_layers(embedding, (0, 1, 2), feature_colours(embedding), sessions=("cat",))


def test_what_did_not_change_is_the_same_array(embedding) -> None:
    sets = point_sets(embedding, max_points=100)
    axes = embedding_axes(embedding, (0, 1, 2))
    first = point_layers(embedding, axes, feature_colours(embedding, "time"), sets=sets)
    second = point_layers(embedding, axes, feature_colours(embedding, "session"), sets=sets)
    for (data, before, _), (again, after, _) in zip(first, second, strict=True):
        assert again is data
        assert after["features"] is before["features"]
        assert not np.array_equal(after["face_color"], before["face_color"])
