import numpy as np
import pytest
import torch

from napari_unison import UnifiedEncoder
from napari_unison.encoder.batches import neural_tensor
from napari_unison.encoder.embed import embed_windows, project
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.windows import embedding_windows


def test_every_bin_gets_a_row_however_short_the_session(fitted, rats):
    for length in (1, 3, 9, 500):
        piece = rats[0][:length]
        assert fitted.embed([piece]).values[0].shape == (length, 32)
        assert fitted.embed([piece], align=False).values[0].shape == (length, 32)


def test_latents_do_not_depend_on_the_chunks(fitted, rats, monkeypatch):
    whole = fitted.embed(rats)
    monkeypatch.setattr("napari_unison.encoder.embed._CHUNK_PROJECTED", 37)
    monkeypatch.setattr("napari_unison.encoder.cpu.embedding._CHUNK", 64)
    for mine, expected in zip(fitted.embed(rats).values, whole.values, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-5)


@pytest.mark.parametrize(
    "architecture", ["offset1-model", "offset5-model", "offset36-model", "offset10-model-mse"]
)
def test_compiled_kernels_and_torch_embed_alike(rats, architecture):
    network = UnifiedNetwork(
        architecture_of(architecture),
        [rat.n_neurons for rat in rats],
        12,
        5,
        torch.Generator().manual_seed(0),
    )
    rng = np.random.default_rng(0)
    projections = [project(network, rat, number) for number, rat in enumerate(rats)]
    rows = [rng.integers(-1, rat.n_bins, size=333) for rat in rats]
    with torch.no_grad():
        windows = [projection.windows(row) for projection, row in zip(projections, rows, strict=True)]
        expected = network.after_first(network.first.bias + sum(windows)).numpy()
    np.testing.assert_allclose(embed_windows(network, projections, rows), expected, atol=2e-6)


def test_latents_do_not_depend_on_the_order_of_the_sessions(fitted, rats):
    forward, backward = fitted.embed(rats), fitted.embed(rats[::-1])
    for mine, expected in zip(forward.values, backward.values[::-1], strict=True):
        np.testing.assert_array_equal(mine, expected)


def test_aligned_embedding_takes_whole_windows_of_the_nearest_bins(fitted, rats):
    embedding = fitted.embed([rats[0]])
    bank = fitted._state.network
    t = 300
    parts = []
    for rat in rats:
        labels = np.abs(rat.labels["position"] - rats[0].labels["position"][t])
        labels = labels + 10 * (rat.labels["direction"] != rats[0].labels["direction"][t])
        centre = t if rat is rats[0] else int(np.argmin(labels))
        window = embedding_windows(rat, 5, 5)[centre]
        parts.append(neural_tensor(rat, torch.device("cpu"))[window])
    with torch.no_grad():
        expected = bank(torch.cat(parts, dim=1)[:, None])[0]
    np.testing.assert_allclose(embedding.values[0][t], expected, atol=1e-5)


def test_label_free_embedding_uses_no_label_and_no_other_session(fitted, rats):
    rat = rats[1]
    elsewhere = rat.replace(labels={**rat.labels, "position": rat.labels["position"][::-1].copy()})
    np.testing.assert_array_equal(
        fitted.embed([rat], align=False).values[0], fitted.embed([elsewhere], align=False).values[0]
    )
    assert (fitted.embed([rat]).values[0] != fitted.embed([elsewhere]).values[0]).any()
    network = fitted._state.network
    window = embedding_windows(rat, 5, 5)[40]
    silent = torch.zeros(10, 1, 34)
    silent[:, 0, 12:19] = neural_tensor(rat, torch.device("cpu"))[window]
    with torch.no_grad():
        expected = network(silent)[0]
    np.testing.assert_allclose(fitted.embed([rat], align=False).values[0][40], expected, atol=1e-5)


def test_label_free_works_where_labels_are_missing(fitted, rats):
    rat = rats[0]
    position = rat.labels["position"].copy()
    position[:50] = np.nan
    lost = rat.replace(labels={**rat.labels, "position": position})
    np.testing.assert_array_equal(
        fitted.embed([lost], align=False).values[0], fitted.embed([rat], align=False).values[0]
    )


def test_bins_without_labels_have_no_partner_in_an_aligned_embedding(fitted, rats):
    rat = rats[0]
    position = rat.labels["position"].copy()
    position[:50] = np.nan
    embedding = fitted.embed([rat.replace(labels={**rat.labels, "position": position})])
    assert np.isnan(embedding.residual[0][:50, 1:]).all()
    assert not np.isnan(embedding.residual[0][50:]).any()
    np.testing.assert_allclose(
        embedding.values[0][:50], fitted.embed([rat], align=False).values[0][:50], atol=1e-6
    )


def test_residuals_are_the_label_distances_of_the_partners(fitted, rats):
    residual = fitted.embed([rats[0]]).residual[0]
    assert residual.shape == (700, 3)
    assert (residual[:, 0] == 0).all()
    same_way = rats[1].labels["direction"] == rats[0].labels["direction"][7]
    nearest = np.abs(rats[1].labels["position"][same_way] - rats[0].labels["position"][7]).min()
    assert residual[7, 1] == pytest.approx(nearest, abs=1e-6)


def test_partners_given_come_from_the_sessions_handed_in(fitted, rats):
    first = [rat[:200] for rat in rats]
    given, trained = fitted.embed(first, partners="given"), fitted.embed(first)
    assert given.residual[0][:, 1].mean() > trained.residual[0][:, 1].mean()
    assert given.silenced == ()
    assert "partners from the given sessions" in given.description


def test_sessions_that_are_not_given_are_silent_and_named(fitted, rats):
    embedding = fitted.embed([rats[0], rats[2]], partners="given")
    assert embedding.silenced == ("bert",)
    assert "without bert" in embedding.description
    assert np.isnan(embedding.residual[0][:, 1]).all()
    alone = fitted.embed([rats[0]], partners="given")
    np.testing.assert_allclose(alone.values[0], fitted.embed([rats[0]], align=False).values[0], atol=1e-6)


def test_the_silenced_control_ignores_the_own_neurons(fitted, rats):
    rat = rats[0]
    noise = rat.replace(neural=np.random.default_rng(0).poisson(1.0, rat.neural.shape).astype(float))
    control = fitted.embed([rat], silence_own=True)
    np.testing.assert_array_equal(control.values[0], fitted.embed([noise], silence_own=True).values[0])
    assert control.control == "silenced"
    assert control.short_description == "aligned, silenced control"
    assert "own neurons silenced" in control.description


def test_partners_that_are_too_far_are_silenced(rats):
    near = [rats[0], rats[1][rats[1].labels["position"] < 0.5]]
    encoder = UnifiedEncoder(
        batch_size=32, max_iterations=2, verbose=False, max_label_distance=0.2, random_state=0
    )
    embedding = encoder.fit(near).embed()
    beyond = rats[0].labels["position"] > 0.8
    assert np.isnan(embedding.residual[0][beyond, 1]).all()
    assert not np.isnan(embedding.residual[0][rats[0].labels["position"] < 0.4, 1]).all()


def test_residual_and_silence_agree(rats):
    """A partner is silent exactly where its label is farther than allowed, and then it adds nothing."""
    settings = {"batch_size": 32, "max_iterations": 2, "verbose": False, "random_state": 0}
    sessions = [rats[0], rats[1][rats[1].labels["position"] < 0.5]]
    encoder = UnifiedEncoder(max_label_distance=0.2, **settings).fit(sessions)
    embedding = encoder.embed()
    ours, theirs = (session.labels for session in sessions)
    distance = np.hypot(
        ours["position"][:, None] - theirs["position"],
        np.sqrt(2) * (ours["direction"][:, None] != theirs["direction"]),
    ).min(axis=1)
    expected = np.where(distance <= 0.2, distance, np.nan)
    np.testing.assert_allclose(embedding.residual[0][:, 1], expected, atol=1e-6)
    silent = np.isnan(embedding.residual[0][:, 1])
    assert 0 < silent.sum() < len(silent)
    own = encoder.embed(align=False).values[0]
    np.testing.assert_allclose(embedding.values[0][silent], own[silent], atol=1e-6)
    moved = np.abs(embedding.values[0] - own).max(axis=1)
    assert (moved[~silent] > 1e-6).mean() > 0.9


@pytest.mark.parametrize("scaling", ["none", "range", "standard"])
def test_residuals_are_measured_as_labels_are_matched(rats, scaling):
    """Scaled and weighted, the angle as its chord, the nearest of all bins."""
    rng = np.random.default_rng(0)
    sessions = [
        rat.replace(
            labels={**rat.labels, "heading": rng.uniform(0, 7, rat.n_bins)},
            kinds={"position": "continuous", "direction": "discrete", "heading": "circular"},
            weights={"position": 3.0, "heading": 0.5},
        )
        for rat in rats[:2]
    ]
    settings = {"batch_size": 32, "max_iterations": 1, "verbose": False, "random_state": 0}
    encoder = UnifiedEncoder(label_scaling=scaling, max_label_distance=99, **settings)
    residual = encoder.fit(sessions).embed().residual[0][:, 1]
    pooled = np.concatenate([session.labels["position"] for session in sessions])
    scale = {"none": 1.0, "range": np.ptp(pooled), "standard": pooled.std()}[scaling]
    ours, theirs = (session.labels for session in sessions)
    squared = (3 * (ours["position"][:, None] - theirs["position"]) / scale) ** 2
    squared += 2.0 * (ours["direction"][:, None] != theirs["direction"])
    squared += (0.5 * 2 * np.sin((ours["heading"][:, None] - theirs["heading"]) / 2)) ** 2
    np.testing.assert_allclose(residual, np.sqrt(squared.min(axis=1)), atol=1e-5)


def test_windows_stay_in_their_lap(fitted, rats):
    rat = rats[0]
    cut = rat.replace(segment=(np.arange(rat.n_bins) >= 350).astype(int))
    noisy = cut.neural.copy()
    noisy[350:] = np.random.default_rng(0).poisson(2.0, noisy[350:].shape)
    first, second = (fitted.embed([s], align=False).values[0][:350] for s in (cut, cut.replace(neural=noisy)))
    np.testing.assert_array_equal(first, second)


def test_a_label_free_embedding_names_the_sessions_that_are_silent_throughout(fitted, rats):
    assert fitted.embed(align=False).silenced == ()
    assert fitted.embed([rats[0]], align=False).silenced == ("bert", "cleo")


def test_one_session_alone_is_not_called_aligned_by_labels(rats):
    encoder = UnifiedEncoder(batch_size=32, max_iterations=2, verbose=False).fit(rats[0])
    assert encoder.embed().description == "aligned with no other session (own neurons only)"
