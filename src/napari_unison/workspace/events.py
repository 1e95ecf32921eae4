"""What a workspace tells, and what it refuses."""

from __future__ import annotations

from psygnal import Signal, SignalGroup


class WorkspaceError(ValueError):
    """What was asked for cannot be done now; the message says why, and what to do first."""


class WorkspaceEvents(SignalGroup):
    """What changed in a workspace."""

    sessions = Signal()
    time_ranges = Signal()
    config = Signal(object)
    validation_share = Signal(float)
    runs = Signal()
    run = Signal(object)
    embedding = Signal(object)
    display = Signal(object)
    job = Signal(object)
    progress = Signal(object)
    so_far = Signal(object)
    follows_training = Signal(bool)
    failed = Signal(str)
    warned = Signal(str)
    cursor = Signal(object)
    selection = Signal(object)
    sets = Signal(object)
    view = Signal(object)
    movies = Signal(object)
    folder = Signal(object)
