"""Drawing on a device against drawing on the host: the same laws, seeds fixed so that outcomes are too."""

import numpy as np
import pytest
import torch
from scipy import stats

from napari_unison import Session
from napari_unison.encoder.alignment import NO_BIN, LabelIndex
from napari_unison.encoder.device_labels import LineSearch, RowSearch, device_search, tolerance_of
from napari_unison.encoder.device_sampling import DeviceSampler
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.sampling import BatchSampler

CPU = torch.device("cpu")


def searches(points, dtype=torch.float64):
    """The tree, and both searches of the device."""
    index = LabelIndex(points)
    rows = RowSearch(index, tolerance_of(1e-9, index.rows, dtype), CPU, dtype, chunk=2000)
    found = device_search(index, CPU, dtype)
    return index, [found, rows] if isinstance(found, LineSearch) else [rows]


def answers(search, queries, uniform, dtype=torch.float64):
    bins, distance = search.draw(torch.from_numpy(queries).to(dtype), torch.from_numpy(uniform).to(dtype))
    return bins.numpy(), distance.numpy()


def labels_of(kind, n_bins, rng):
    """Labels (T, d) of many kinds, some with ties and missing ones."""
    position = rng.uniform(0, 1.6, n_bins)
    direction = np.eye(2)[rng.integers(2, size=n_bins)]
    points = {
        "position and direction": np.c_[position, direction],
        "rounded position and direction": np.c_[position.round(1), direction],
        "position alone": position[:, None],
        "direction alone": direction,
        "a plane": rng.normal(size=(n_bins, 2)),
        "a circle": np.c_[np.cos(position * 4), np.sin(position * 4)],
        "a grid": rng.integers(4, size=(n_bins, 3)).astype(float),
        "one place": np.ones((n_bins, 2)),
    }[kind]
    points[rng.random(n_bins) < 0.1] = np.nan
    return points


KINDS = [
    "position and direction",
    "rounded position and direction",
    "position alone",
    "direction alone",
    "a plane",
    "a circle",
    "a grid",
    "one place",
]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_bins_are_those_of_the_tree(kind, dtype):
    rng = np.random.default_rng(0)
    points = labels_of(kind, 700, rng)
    known = points[~np.isnan(points).any(axis=1)]
    # on labels, between them, and far away
    queries = np.concatenate(
        [known[:100], known[100:300] + rng.normal(0, 0.3, (200, known.shape[1])), known[300:400] * 5]
    )
    index, found = searches(points, dtype)
    expected = index.match(queries).distance
    exactness = 1e-9 if dtype == torch.float64 else 2e-5
    for search in found:
        bins, distance = answers(search, queries, rng.random(len(queries)), dtype)
        np.testing.assert_allclose(distance, expected, atol=exactness)
        np.testing.assert_allclose(np.linalg.norm(points[bins] - queries, axis=1), expected, atol=exactness)


@pytest.mark.parametrize("kind", KINDS)
def test_every_tied_bin_is_as_likely_as_the_others(kind):
    rng = np.random.default_rng(1)
    points = labels_of(kind, 150, rng)
    index, found = searches(points)
    known = points[index.bins]
    # the middle of two labels is as far from both
    for query in (known[0], (known[1] + known[2]) / 2):
        matches = index.match(query[None])
        first, count = int(matches.first[0]), int(matches.count[0])
        candidates = np.sort(matches.bins[first : first + count])
        uniform = (np.arange(count * 20) + 0.5) / (count * 20)
        for search in found:
            bins, _ = answers(search, np.repeat(query[None], len(uniform), axis=0), uniform)
            values, times = np.unique(bins, return_counts=True)
            np.testing.assert_array_equal(values, candidates)
            assert (times == 20).all()


def test_labels_on_a_few_lines_are_searched_by_bisection():
    rng = np.random.default_rng(0)
    for kind in ("position and direction", "position alone", "a grid"):
        assert isinstance(
            device_search(LabelIndex(labels_of(kind, 300, rng)), CPU, torch.float64), LineSearch
        )
    for kind in ("a plane", "a circle"):
        assert isinstance(device_search(LabelIndex(labels_of(kind, 300, rng)), CPU, torch.float64), RowSearch)


def test_in_single_precision_what_rounding_parts_is_tied():
    x = 1000.0 + np.array([0.0, 0.1, 0.2])
    points = np.c_[np.repeat(x, 2) + np.tile([0, 1e-6], 3)]
    uniform = np.linspace(0, 0.99, 40)
    for search in searches(points, torch.float32)[1]:
        bins, _ = answers(search, np.full((40, 1), 1000.1), uniform, torch.float32)
        assert set(bins) == {2, 3}


def samplers(sessions, **options):
    space = LabelSpace(sessions)
    host = BatchSampler(sessions, space, time_offsets=10, **options)
    options.pop("max_label_distance", None)
    return host, DeviceSampler(host, space, CPU, **options)


def collect(sessions, n_batches, **options):
    """Draw from both: references, positives, negatives of all sessions, (S, 3, n · B) each.

    A generator of the host's first draws which sessions take part and which two are drawn from; handed to
    both, it makes that the same, so that all else is independent and can be compared sample by sample.
    """
    host, device = samplers(sessions, **options)
    generator = torch.Generator().manual_seed(0)
    both = [], []
    for number in range(n_batches):
        batch = host.draw(200, np.random.default_rng(number))
        drawn = np.concatenate([batch.reference, batch.positive, batch.negative], axis=1)
        on_device = device.draw(200, np.random.default_rng(number), generator)
        assert on_device.sessions == tuple(batch.sessions)
        for bins, batches in zip((drawn, on_device.bins.numpy()), both, strict=True):
            of_all = np.full((len(sessions), 3, 200), NO_BIN - 1)
            of_all[batch.sessions] = bins.reshape(-1, 3, 200)
            batches.append(of_all)
    return host, *(np.concatenate(batches, axis=2) for batches in both)


def assert_same_bins(first, second, n_bins):
    """Chi-square of how often each stretch of bins was drawn; NO_BIN and absence are stretches too."""
    counts = np.array(
        [
            np.concatenate(
                [
                    [(bins == NO_BIN - 1).sum(), (bins == NO_BIN).sum()],
                    np.histogram(bins[bins >= 0], bins=20, range=(0, n_bins))[0],
                ]
            )
            for bins in (first, second)
        ]
    )
    counts = counts[:, counts.sum(axis=0) > 20]
    assert stats.chi2_contingency(counts).pvalue > 1e-3


@pytest.fixture(scope="module")
def with_gaps(make_session):
    """Three rats: one with labels in steps (ties), one with missing ones, one on half of the track."""
    rats = [make_session(name, n, 3, seed) for name, n, seed in (("a", 700, 1), ("b", 500, 2), ("c", 600, 3))]
    position = rats[0].labels["position"].round(1)
    missing = rats[1].labels["position"].copy()
    missing[:60] = np.nan
    half = rats[2].labels["position"] / 2
    return [
        rat.replace(labels={**rat.labels, "position": values})
        for rat, values in zip(rats, (position, missing, half), strict=True)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"positives": "shared"},
        {"max_label_distance": 0.02},
        {"sessions_per_step": 2},
        {"sessions_per_step": 2, "max_label_distance": 0.1, "positives": "shared"},
    ],
)
def test_bins_come_from_the_same_distribution_as_the_host_s(with_gaps, options):
    host, expected, found = collect(with_gaps, 150, **options)
    for session, rat in enumerate(with_gaps):
        points = host.alignment.points[session]
        for role in range(3):
            assert_same_bins(found[session, role], expected[session, role], rat.n_bins)
        # and a positive stands to its reference as it does there
        changes = []
        for drawn in (expected, found):
            reference, positive = drawn[session, 0], drawn[session, 1]
            there = (reference >= 0) & (positive >= 0)
            changes.append((points[positive] - points[reference])[there])
        for column in range(points.shape[1]):
            ours, theirs = (np.round(change[:, column], 6) for change in changes)
            assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


def test_partners_are_the_nearest_bins(with_gaps):
    host, device = samplers(with_gaps)
    points = host.alignment.points
    drawn = device.draw(300, np.random.default_rng(0), torch.Generator().manual_seed(0)).bins.numpy()
    for reference in (drawn[:, :300], drawn[:, 600:]):
        # of the anchor session, every bin that it has is its own partner
        distance = [
            [
                np.linalg.norm(points[s][reference[s]] - points[anchor][reference[anchor]], axis=1)
                - host.alignment.distances(anchor, reference[anchor], s)
                for s in range(3)
            ]
            for anchor in range(3)
        ]
        assert min(np.abs(np.concatenate(of_anchor)).max() for of_anchor in distance) < 1e-9


def test_circular_labels_turn_and_others_move():
    phase = np.linspace(0, 40, 800)
    rats = [
        Session(
            name,
            np.ones((800, 1)),
            {"angle": phase % (2 * np.pi), "x": phase},
            0.1,
            kinds={"angle": "circular"},
        )
        for name in ("a", "b")
    ]
    _, device = samplers(rats)
    drawn = device.draw(400, np.random.default_rng(0), torch.Generator().manual_seed(0)).bins.numpy()
    reference, positive = drawn[0, :400], drawn[0, 400:800]
    inside = reference + 10 < 800
    # every change over ten bins is the same here
    np.testing.assert_array_equal(positive[inside], reference[inside] + 10)


def test_shared_positives_take_one_change_for_all_sessions(make_session):
    rats = [make_session("a", 2000, seed=1), make_session("b", 2000, seed=1, n_neurons=3)]

    def differences(positives):
        host, device = samplers(rats, positives=positives)
        drawn = device.draw(300, np.random.default_rng(0), torch.Generator().manual_seed(0)).bins.numpy()
        first, second = drawn[:, 300:600]
        return np.abs(host.alignment.points[0][first] - host.alignment.points[1][second])

    np.testing.assert_allclose(differences("shared"), 0, atol=1e-9)
    assert differences("independent").max() > 0.1


@pytest.mark.parametrize("distance", [0.001, 0.02])
def test_no_sample_is_silent_in_all_sessions(rats, distance):
    _, device = samplers(rats, max_label_distance=distance)
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    for _ in range(5):
        drawn = device.draw(200, rng, generator).bins.numpy()
        assert (drawn != NO_BIN).any(axis=0).all()
        assert (drawn[:, 200:400][drawn[:, :200] == NO_BIN] == NO_BIN).all()


def test_one_session_trains_on_its_own(rats):
    _, device = samplers(rats[:1])
    drawn = device.draw(50, np.random.default_rng(0), torch.Generator().manual_seed(0))
    assert drawn.sessions == (0,)
    assert (drawn.bins >= 0).all()
