"""The commands ``decode`` and ``report``: what they run, keep, say and refuse."""

from __future__ import annotations

import html
import os
import re
import shlex
import shutil
import signal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.study_files import load_study, recordings, study_folder
from napari_unison.analysis.study_methods import METHOD_WORDS
from napari_unison.cli import main
from napari_unison.commands.decode import METHODS
from napari_unison.display.report.contents import Paragraph
from napari_unison.display.report.decoding import study_blocks
from napari_unison.encoder import load_run
from napari_unison.sessions import Session, write_sessions

SMALL = ["--batch-size", "16", "--output-dimension", "3", "--num-hidden-units", "4", "--max-iterations", "3"]
SMALL += ["--device", "cpu", "--random-state", "7", "--no-verbose"]
TWO_FOLDS = ["--folds", "2", "--seeds", "1", "--methods", "label-free,neighbours"]


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def rat(name: str, n_bins: int, n_neurons: int, seed: int, *, lap: int = 40) -> Session:
    random = np.random.default_rng(seed)
    right = (np.arange(n_bins) // lap) % 2 == 0
    ramp = (np.arange(n_bins) % lap) / lap
    labels = {
        "position": 1.6 * np.where(right, ramp, 1 - ramp),
        "direction": np.where(right, "right", "left"),
    }
    return Session(name, random.poisson(0.3, (n_bins, n_neurons)), labels, 0.025, units={"position": "m"})


def trained(folder: Path, sessions: list[Session], *options: str) -> Path:
    write_sessions(folder / "rats.npz", sessions)
    result = command("train", folder / "rats.npz", "--to", folder / "rats.unison", *SMALL, *options)
    assert result.exit_code == 0, result.output
    return folder / "rats.unison"


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without a decoding study."""
    folder = tmp_path_factory.mktemp("plain")
    return trained(folder, [rat("<ada> & co", 440, 7, 1), rat("bea", 360, 5, 2)])


@pytest.fixture(scope="module")
def decoded(plain_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A copy of it with one, and what the command said."""
    folder = tmp_path_factory.mktemp("decoded") / "rats.unison"
    shutil.copytree(plain_run, folder)
    return folder, command("decode", folder, *TWO_FOLDS, "--null", "1", "--iterations", "2")


def test_help_names_the_methods_that_there_are() -> None:
    assert tuple(METHOD_WORDS) == METHODS
    text = command("decode", "--help").output
    for name in METHODS:
        assert name in text


def test_decode_runs_the_protocol_on_the_whole_sessions_and_keeps_it(decoded: tuple[Path, Result]) -> None:
    folder, result = decoded
    assert result.exit_code == 0, result.output
    assert "440 bins of 25 ms (11 s), 11 laps" in result.stdout
    assert "Decoding study: 2 training steps, 2 contiguous folds of laps" in result.stdout
    assert "unified encoder, label-free" in result.stdout
    assert "aligned, own neurons silenced" in result.stdout
    assert "labels permuted by lap" in result.stdout
    study = load_study(folder / "decoding")
    assert study.is_complete
    assert study.is_of(recordings(load_run(folder)))
    assert str(study) in result.stdout
    bins = {score.session: score.n_bins for score in study.protocol.scores()}
    assert bins == {"<ada> & co": 440, "bea": 360}


def test_a_run_with_a_study_is_a_run_as_before(decoded: tuple[Path, Result], plain_run: Path) -> None:
    folder, _ = decoded
    for name in ("run.json", "config.toml", "sessions.npz", "encoder.safetensors"):
        assert (folder / name).read_bytes() == (plain_run / name).read_bytes()
    assert load_run(folder).encoder.n_iter_ == 3


def test_a_quick_study_stands_beside_the_full_one(decoded: tuple[Path, Result]) -> None:
    folder, _ = decoded
    result = command("decode", folder, "--quick", "--folds", "2", "--methods", "neighbours")
    assert result.exit_code == 0, result.output
    assert "Quick decoding study, a first look" in result.stdout
    assert load_study(study_folder(folder, quick=True)).options.is_quick
    assert not load_study(study_folder(folder)).options.is_quick


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(
    plain_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rats.unison"
    shutil.copytree(plain_run, folder)
    fitted = EncoderFits.fitted
    asked: list[int] = []

    def interrupted(self: EncoderFits, config: object, sessions: object, seed: int) -> object:
        asked.append(seed)
        if len(asked) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return fitted(self, config, sessions, seed)  # type: ignore[arg-type]

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr(EncoderFits, "fitted", interrupted)
        stopped = command("decode", folder, *TWO_FOLDS)
    assert stopped.exit_code == 0, stopped.output
    assert "Stopped after 2 of 4 fits; the same command goes on from there." in stopped.stdout
    assert signal.getsignal(signal.SIGINT) is before
    assert not load_study(folder / "decoding").is_complete
    blocks = study_blocks(load_study(folder / "decoding"), recordings(load_run(folder)))
    warnings = [block.text for block in blocks if isinstance(block, Paragraph) and block.is_warning]
    assert any("This study is incomplete: 2 of 4 fits are done." in text for text in warnings)
    for options, sentence in (
        (["--folds", "3"], "--resume takes the options that the study had: leave --folds out"),
        (["--quick"], "no quick study of this run was stopped: leave --resume out."),
    ):
        refused = command("decode", folder, "--resume", *options)
        assert refused.exit_code == 2
        assert sentence in refused.stderr
    finished = command("decode", folder, "--resume")
    assert finished.exit_code == 0, finished.output
    assert "Full study, stopped at" in finished.stdout
    assert "2 of 4 fits found from before: they are not computed again." in finished.stdout
    assert "Stopped" not in finished.stdout
    study = load_study(folder / "decoding")
    assert study.is_complete
    assert study.options.methods == ("label-free", "neighbours")
    assert command("decode", folder, "--resume").exit_code == 2


def test_the_same_command_goes_on_where_it_was(decoded: tuple[Path, Result]) -> None:
    folder, _ = decoded
    again = command("decode", folder, *TWO_FOLDS, "--null", "1", "--iterations", "2")
    assert again.exit_code == 0, again.output
    assert "4 of 4 fits found from before" in again.stdout


def test_an_interrupted_study_does_not_replace_a_complete_one(
    decoded: tuple[Path, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = decoded

    def interrupted(self: EncoderFits, config: object, sessions: object, seed: int) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return fitted(self, config, sessions, seed)  # type: ignore[arg-type]

    fitted = EncoderFits.fitted
    monkeypatch.setattr(EncoderFits, "fitted", interrupted)
    result = command("decode", folder, "--folds", "3", "--seeds", "1", "--methods", "neighbours,label-free")
    assert result.exit_code == 0, result.output
    assert "Stopped after" in result.stdout
    assert load_study(folder / "decoding").options.n_folds == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "magic"], "there is no method 'magic'; choose from label-free"),
        (["--methods", ","], "there is no method ','"),
        (["--quick", "--seeds", "3"], "--quick runs one seed"),
        (["--folds", "1"], "x>=2"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(
    arguments: list[str], sentence: str, plain_run: Path
) -> None:
    result = command("decode", plain_run, *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_too_few_laps_are_said_plainly(plain_run: Path) -> None:
    result = command("decode", plain_run, "--folds", "10")
    assert result.exit_code == 1
    assert "Error: 10 folds of laps need at least as many laps" in result.stderr
    assert "session 'bea' has 9" in result.stderr
    assert not (plain_run / "decoding").exists()


class Page(HTMLParser):
    """What a page is made of, and whether every tag is closed."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", self.source, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(decoded: tuple[Path, Result], tmp_path_factory: pytest.TempPathFactory) -> Page:
    file = tmp_path_factory.mktemp("pages") / "page.html"
    result = command("report", decoded[0], "--to", file)
    assert result.exit_code == 0, result.output
    assert str(file) in result.stdout
    return Page(file)


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert page.open == []
    assert not page.all("script")
    assert not page.all("link")
    for image in page.all("img"):
        assert str(image["src"]).startswith("data:image/png;base64,")
        assert image["alt"]
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", page.source)
    anchors = {section["id"] for section in page.all("section")}
    assert {str(link["href"]).removeprefix("#") for link in page.all("a")} == anchors


def test_the_page_shows_every_figure_and_what_the_run_is(page: Page) -> None:
    # nine of the notebook, the protocol, consistency label-free and aligned, neurons of two sessions
    assert len(page.all("img")) == 14
    assert "<ada> & co" in page.text
    assert "2 sessions, 12 neurons" in page.text
    assert "3 steps, to its end" in page.text
    for name in ("batch_size", "max_label_distance", "random_state"):
        assert name in page.text
    assert "Only a score on such an embedding is called decoding" in page.text


def test_the_page_shows_the_study_with_controls_and_null(page: Page) -> None:
    for words in (
        "unified encoder, label-free",
        "nearest neighbours on smoothed activity",
        "aligned by wrong labels, against those",
        "null: labels permuted by lap",
    ):
        assert words in page.text
    assert "The protocol of a decoding claim was not run" not in page.text


def test_names_cannot_become_part_of_the_page(page: Page) -> None:
    assert "<ada>" not in page.source
    assert "&lt;ada&gt; &amp; co" in page.source


def test_commands_on_the_page_repeat_the_run(page: Page, plain_run: Path, tmp_path: Path) -> None:
    lines = [html.unescape(line) for line in re.findall(r"<pre><code>(.*?)</code></pre>", page.source)]
    assert [line.split()[1] for line in lines] == ["train", "train", "decode", "figures", "report"]
    assert "--folds 2" in lines[2]
    assert "--methods label-free,neighbours" in lines[2]
    assert "--null 1" in lines[2]
    recordings_file = plain_run.parent / "rats.npz"
    for number, line in enumerate(lines[:2]):
        again = tmp_path / f"{number}.unison"
        arguments = shlex.split(line.replace("rats.unison", shlex.quote(str(plain_run))))[1:]
        arguments = [str(recordings_file) if argument == "FILES" else argument for argument in arguments]
        arguments[arguments.index("--to") + 1] = str(again)
        result = command(*arguments)
        assert result.exit_code == 0, result.output
        assert (again / "history.csv").read_text().splitlines()[1].split(",")[0] == (
            (plain_run / "history.csv").read_text().splitlines()[1].split(",")[0]
        )
    assert len(load_run(tmp_path / "0.unison").held_out) == 2


def test_a_page_without_a_study_shows_quick_scores_by_their_name(plain_run: Path, tmp_path: Path) -> None:
    result = command("report", plain_run, "--to", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "page.html")
    assert "The protocol of a decoding claim was not run for this run." in page.text
    assert "napari-unison decode rats.unison runs the protocol" in page.text
    assert any("Quick scores" in str(image["alt"]) for image in page.all("img"))


def test_one_session_without_held_out_part_has_a_page_as_well(tmp_path: Path) -> None:
    run = trained(tmp_path, [rat("ada", 240, 5, 3)], "--validation-share", "0")
    result = command("report", run)
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "rats.html")
    assert "Nothing was held out in this run, so there are no quick scores." in page.text
    assert "Not drawn: it takes a second session." in page.text


def test_a_page_is_replaced_only_when_told_to(plain_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    result = command("report", plain_run, "--to", page)
    assert result.exit_code == 2
    assert "exists already; choose another name with --to, or --overwrite" in result.stderr
    assert page.read_text() == "mine"
    result = command("report", plain_run, "--to", tmp_path / "page.pdf")
    assert result.exit_code == 2
    assert "ends in .html" in result.stderr
