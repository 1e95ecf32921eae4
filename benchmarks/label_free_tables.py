"""Results of the label-free protocol as JSON, as Markdown tables and as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from label_free_methods import DataSet
from napari_unison import Session
from napari_unison.analysis import ALL_SESSIONS, NullDistribution, ProtocolResult
from napari_unison.analysis.decoders.fitting import DECODER_NAMES
from napari_unison.display.figures.protocol import protocol_figure

Facts = Mapping[str, Any]

#: What tables show: label, measure, heading, factor, digits, whether less is better.
MEASURES = (
    ("position", "median_error", "median position error (cm)", 100.0, 1, True),
    ("direction", "accuracy", "direction accuracy", 1.0, 3, False),
)
SCORED = ("median_error", "mean_error", "r2", "accuracy")


def result_facts(
    result: ProtocolResult, data_set: DataSet, sessions: Sequence[Session], main: str, nulls: Sequence[Facts]
) -> dict[str, Any]:
    """Return what was found on one data set, as JSON can hold it; differences: main method minus others."""
    shown = data_set.shown or result.sessions
    differences = []
    if _is_done(result, main):
        for row in result.compare(main).differences:
            if row.session in shown or (row.session == ALL_SESSIONS and not data_set.shown):
                differences.append(
                    {
                        "baseline": row.method,
                        "session": row.session,
                        "label": row.label,
                        "measure": row.measure,
                        # the comparison is of the others with the main method
                        "value": _rounded(-row.value),
                        "low": _rounded(-row.high),
                        "high": _rounded(-row.low),
                    }
                )
    return {
        "name": data_set.name,
        "title": data_set.title,
        "group": data_set.group,
        "chose_settings": data_set.chose_settings,
        "sessions": [
            {
                "name": session.name,
                "neurons": session.n_neurons,
                "bins": session.n_bins,
                "laps": len(session.segment_slices()),
                "is_shown": session.name in shown,
            }
            for session in sessions
        ],
        "protocol": result.in_words(),
        "n_done": result.n_done,
        "n_planned": result.n_planned,
        "main": main,
        "methods": [method.name for method in result.methods],
        "scores": [
            {
                "method": score.method,
                "session": score.session,
                "label": score.label,
                "measure": measure,
                "value": _rounded(score.measure(measure).value),
                "by_seed": [_rounded(value) for value in score.measure(measure).by_seed],
                "low": _rounded(score.measure(measure).low),
                "high": _rounded(score.measure(measure).high),
                "n_laps": score.n_laps,
            }
            for score in result.scores()
            for measure in SCORED
            if score.session in shown and score.measure(measure).by_seed
        ],
        "differences": differences,
        "nulls": [row for row in nulls if row["session"] in shown],
    }


def _is_done(result: ProtocolResult, name: str) -> bool:
    return any(method.name == name and method.scored_seeds for method in result.methods)


def null_facts(null: NullDistribution) -> list[dict[str, Any]]:
    """Return scores beside those with permuted labels, as JSON can hold them."""
    return [
        {
            "method": null.method,
            "session": row.session,
            "label": row.label,
            "measure": row.measure,
            "score": _rounded(row.score),
            "null": [_rounded(value) for value in row.null],
            "p": _rounded(row.share_by_chance),
        }
        for row in null.scores
    ]


def pictured(
    result: ProtocolResult, data_set: DataSet, folder: Path, decoder: str, nulls: Sequence[Facts]
) -> None:
    """Draw a data set: methods without an encoder, and encoders with one decoder."""
    others = [words for kind, words in DECODER_NAMES.items() if kind != decoder]
    chosen = tuple(
        method
        for method in result.methods
        if not ("encoder" in method.name and any(f"({words}" in method.name for words in others))
    )
    null = {
        (row["session"], row["label"]): (min(row["null"]), max(row["null"]))
        for row in nulls
        if row["measure"] == "accuracy"
    }
    shown = replace(result, methods=chosen, sessions=data_set.shown or result.sessions)
    folder.mkdir(parents=True, exist_ok=True)
    figure = protocol_figure(shown, labels=["position", "direction"], null=null, note=data_set.title)
    figure.savefig(folder / f"label-free-{data_set.name}.png")


def markdown(document: Facts) -> str:
    """Write all data sets as tables."""
    lines = [
        "# Label-free decoding: the tables",
        "",
        "Made by `python benchmarks/label_free.py`; numbers and settings stand in "
        "`benchmarks/results/label_free.json`.",
        f"Encoder: {document['settings']}. Code: {document['code']}.",
        "Values are means over seeds ± their standard deviation [95 % interval over laps]; differences are "
        "paired over laps (for all sessions: over sessions and laps). Bold: the interval has no 0.",
    ]
    if document["cebra_folds"]:
        lines.append(
            f"cebra ran on the first {document['cebra_folds']} of the folds with one seed; its differences "
            f"are over the laps of those."
        )
    lines += ["", *_summary(document["data_sets"])]
    for _, of_group in groupby(document["data_sets"], key=lambda one: one["group"]):
        lines += _group(list(of_group))
    return "\n".join(lines).rstrip() + "\n"


def _summary(data_sets: Sequence[Facts]) -> list[str]:
    """Count the sessions in which the main method is better, apart for recordings that chose nothing."""
    whole = [one for one in data_sets if one["name"] == one["group"]]
    lines = ["## In how many sessions the label-free unified encoder is better", ""]
    kinds = [
        (chose, words)
        for chose, words in ((True, "settings chosen here"), (False, "chose nothing"))
        if any(one["chose_settings"] == chose for one in whole)
    ]
    header = ["than"]
    header += [f"{heading.split(' (')[0]}, {words}" for _, _, heading, *_ in MEASURES for _, words in kinds]
    rows = []
    for baseline in dict.fromkeys(row["baseline"] for one in whole for row in one["differences"]):
        cells = [baseline]
        for label, measure, _, _, _, less in MEASURES:
            for chose, _ in kinds:
                found = [
                    row
                    for one in whole
                    if one["chose_settings"] == chose
                    for row in one["differences"]
                    if (row["baseline"], row["label"], row["measure"]) == (baseline, label, measure)
                    and row["session"] != ALL_SESSIONS
                ]
                cells.append(_counted(found, less=less))
        rows.append(cells)
    if not rows:
        return [*lines, "Nothing to compare yet.", ""]
    note = "Better in so many sessions (surely better, surely worse: the interval has no 0)."
    return [*lines, note, "", *_table(header, rows), ""]


def _counted(rows: Sequence[Facts], *, less: bool) -> str:
    sign = -1 if less else 1
    better = sum(sign * row["value"] > 0 for row in rows)
    known = [row for row in rows if row["low"] is not None and row["high"] is not None]
    surely = sum((row["high"] < 0) if less else (row["low"] > 0) for row in known)
    worse = sum((row["low"] > 0) if less else (row["high"] < 0) for row in known)
    return f"{better} of {len(rows)} ({surely}, {worse})" if rows else "–"


def _group(data_sets: Sequence[Facts]) -> list[str]:
    """Write the tables of one data set, or of random subsets of one size as means over them."""
    first = data_sets[0]
    lines = [f"## {first['title']}", ""]
    if len(data_sets) > 1:
        lines.append(f"Means over {len(data_sets)} random subsets [smallest, largest of them].")
    sizes = [
        f"{s['name']}: {s['neurons']} neurons, {s['bins']} bins, {s['laps']} laps" for s in first["sessions"]
    ]
    chose = "were chosen on these recordings" if first["chose_settings"] else "were not chosen here"
    done = f"{sum(one['n_done'] for one in data_sets)} of {sum(one['n_planned'] for one in data_sets)} fits"
    lines += [f"{'; '.join(sizes)}. The encoder's settings {chose}. {first['protocol']} ({done}).", ""]
    names = [s["name"] for s in first["sessions"] if s["is_shown"]]
    for label, measure, heading, factor, digits, _ in MEASURES:
        rows = [
            [
                method,
                *(_score_cell(data_sets, method, name, label, measure, factor, digits) for name in names),
            ]
            for method in dict.fromkeys(row["method"] for one in data_sets for row in one["scores"])
        ]
        if rows:
            lines += [*_table([heading, *names], rows), ""]
    columns = [*names, *([ALL_SESSIONS] if len(names) > 1 else [])]
    for label, measure, heading, factor, digits, _ in MEASURES:
        baselines = dict.fromkeys(row["baseline"] for one in data_sets for row in one["differences"])
        rows = [
            [
                baseline,
                *(_difference_cell(data_sets, baseline, c, label, measure, factor, digits) for c in columns),
            ]
            for baseline in baselines
        ]
        if rows:
            lines += [f"{first['main']} minus the others, {heading}:", ""]
            lines += [*_table(["minus", *columns], rows), ""]
    return lines + _null_lines(data_sets)


def _null_lines(data_sets: Sequence[Facts]) -> list[str]:
    rows = [
        [
            row["method"],
            row["session"],
            row["label"],
            f"{row['score']:.3f}",
            f"{max(row['null']):.3f}",
            f"{row['p']:.2f}",
        ]
        for one in data_sets
        for row in one["nulls"]
    ]
    if not rows:
        return []
    header = [
        "labels permuted by lap",
        "session",
        "label (R² or accuracy)",
        "score",
        "largest by chance",
        "p",
    ]
    return [*_table(header, rows), ""]


def _score_cell(
    data_sets: Sequence[Facts],
    method: str,
    session: str,
    label: str,
    measure: str,
    factor: float,
    digits: int,
) -> str:
    wanted = (method, session, label, measure)
    found = [
        row
        for one in data_sets
        for row in one["scores"]
        if (row["method"], row["session"], row["label"], row["measure"]) == wanted
    ]
    if not found:
        return "–"
    if len(data_sets) > 1:
        return _over_subsets([row["value"] for row in found], factor, digits)
    [row] = found
    seeds = row["by_seed"]
    spread = f" ± {factor * float(np.std(seeds, ddof=1)):.{digits}f}" if len(seeds) > 1 else ""
    return f"{factor * row['value']:.{digits}f}{spread} {_interval(row, factor, digits)}"


def _difference_cell(
    data_sets: Sequence[Facts],
    baseline: str,
    session: str,
    label: str,
    measure: str,
    factor: float,
    digits: int,
) -> str:
    wanted = (baseline, session, label, measure)
    found = [
        row
        for one in data_sets
        for row in one["differences"]
        if (row["baseline"], row["session"], row["label"], row["measure"]) == wanted
    ]
    if not found:
        return "–"
    if len(data_sets) > 1:
        return _over_subsets([row["value"] for row in found], factor, digits, sign="+")
    [row] = found
    text = f"{factor * row['value']:+.{digits}f} {_interval(row, factor, digits)}"
    is_sure = row["low"] is not None and row["low"] * row["high"] > 0
    return f"**{text}**" if is_sure else text


def _over_subsets(values: Iterable[float], factor: float, digits: int, sign: str = "") -> str:
    scaled = factor * np.array(list(values))
    low, high = scaled.min(), scaled.max()
    return f"{scaled.mean():{sign}.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _interval(row: Facts, factor: float, digits: int) -> str:
    if row["low"] is None or row["high"] is None:
        return "[–]"
    return f"[{factor * row['low']:.{digits}f}, {factor * row['high']:.{digits}f}]"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _rounded(value: float) -> float | None:
    """Return a number of five digits; None where there is none, which JSON cannot say otherwise."""
    return round(float(value), 5) if math.isfinite(value) else None
