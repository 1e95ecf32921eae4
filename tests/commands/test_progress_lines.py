"""What a command says of how far it is, where it writes into a log."""

from __future__ import annotations

import io

import pytest

from napari_unison.commands import progress


@pytest.fixture
def clock(monkeypatch):
    """Time that goes on only when a test says so (s)."""
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_whole_lines_at_intervals_and_the_last_one(clock, capsys):
    with progress.progress_bar(progress.LONG) as show:
        for step in range(1, 31):
            clock[0] += 1
            show(step / 30, f"step {step}")
    assert capsys.readouterr().err == " 33% step 10\n 67% step 20\n100% step 30\n"


def test_what_took_a_moment_is_one_line(clock, capsys):
    with progress.progress_bar() as show:
        show(0.5, "half")
        show(1.0, "done")
    assert capsys.readouterr().err == "100% done\n"


def test_work_that_ended_early_leaves_how_far_it_was(clock, capsys):
    def work() -> None:
        with progress.progress_bar() as show:
            show(0.25, "reading")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        work()
    assert capsys.readouterr().err == " 25% reading\n"


def test_a_terminal_gets_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress.progress_bar(progress.LONG) as show:
        show(1.0, "done")
    assert "100%|" in terminal.getvalue()
    assert "\r" in terminal.getvalue()
