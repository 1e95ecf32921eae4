"""Jobs in a napari process: threads from napari's pool, results on the main thread."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet, ref

from napari.qt.threading import create_worker
from qtpy.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QThread,
    QThreadPool,
    QTimer,
    Signal,
    Slot,
)
from superqt.utils import WorkerBase

from napari_unison._compat import forget_worker, guard_triton
from napari_unison.workspace.jobs import Job

#: Longest time that closing a window waits for a training step to end (s).
CLOSING_PATIENCE = 10.0


class Sender(QObject):
    """Sends functions from a job's thread to the main thread, to be called there."""

    relayed = Signal(object)


class JobWorker(WorkerBase[None]):
    """Does a job in a thread of napari's pool.

    Not a generator worker: those lose every ``RuntimeError``, an exhausted GPU memory among them, and leave
    their tensors behind when they are aborted.
    """

    def __init__(self, title: Title, job: Job) -> None:  # noqa: ARG002 - create_worker shows the title
        super().__init__()
        self.sender = Sender()
        self._job: Job | None = job
        self._has_begun = False
        self.has_ended = threading.Event()

    @property
    def is_running(self) -> bool:
        """Whether the work has begun and has not ended."""
        return self._has_begun and not self.has_ended.is_set()

    def quit(self) -> None:
        """Give the job up; napari calls this when its window closes."""
        job = self._job
        if job is not None:
            job.cancel()
        super().quit()

    def run(self) -> None:
        """Begin, in the thread.

        The original changes the filter and the hook for warnings of the whole process, in this thread, and
        two at a time never put them back.
        """
        self._has_begun = True
        try:
            self.signals.started.emit()
            self.work()
            self.signals.finished.emit()
            forget_worker(self)
        finally:
            self.has_ended.set()

    def work(self) -> None:
        """Do the job. Touches no viewer, layer or widget: everything goes out by the signal."""
        job = self._job
        try:
            if job is not None:
                job.perform(self.sender.relayed.emit)
        finally:
            # napari keeps every worker until its window is gone: hold nothing that is large.
            del job
            self._job = None


class Title:
    """The callable that napari's list of tasks shows by its text; the worker does the work itself."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __call__(self) -> None:
        """Do nothing."""


class _MainThread(QObject):
    """Lives in the main thread, so that Qt brings the workers' signals there."""

    @Slot(object)
    def call(self, function: Callable[[], None]) -> None:
        function()


#: Runners whose windows are open.
_OPEN: WeakSet[NapariRunner] = WeakSet()


@atexit.register
def _close_all() -> None:
    """End what runs when the process ends, for a script that stops at an error and closes no window.

    A job that tells of its progress after Qt has been taken down would crash the process, and so would a
    worker that napari still has on its list then.
    """
    runners = list(_OPEN)
    for runner in runners:
        runner.close()
    if runners and QCoreApplication.instance() is not None:
        pool = QThreadPool.globalInstance()
        if pool is not None:
            pool.waitForDone(round(1000 * CLOSING_PATIENCE))
        QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)


class NapariRunner:
    """Runs jobs in napari's thread pool; results reach the workspace on the main thread.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer of the workspace; not kept alive.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = ref(viewer)
        self._main_thread: _MainThread | None = _MainThread()
        self._workers: dict[Job, JobWorker] = {}
        _OPEN.add(self)

    def start(self, job: Job) -> None:
        """Begin the job in a thread of the pool."""
        if self._main_thread is None:
            raise RuntimeError(f"{job.title} cannot begin: the window of this workspace was closed")
        viewer = self._viewer()
        if viewer is not None:
            guard_triton(viewer)
        worker = create_worker(Title(job.title), job, _worker_class=JobWorker, _start_thread=False)
        worker.sender.relayed.connect(self._main_thread.call)
        self._workers[job] = worker
        job.events.finished.connect(lambda: self._workers.pop(job, None))
        worker.start()

    def wait(self, job: Job, timeout: float | None) -> None:
        """Keep the window alive until the job has ended, or for ``timeout`` (s)."""
        application = QCoreApplication.instance()
        if application is None or QThread.currentThread() != application.thread():
            job.wait_for_end(timeout)
            return
        loop = QEventLoop()

        def leave() -> None:
            loop.quit()

        job.events.finished.connect(leave)
        clock = QTimer()
        clock.setSingleShot(True)
        clock.timeout.connect(leave)
        if timeout is not None:
            clock.start(round(timeout * 1000))
        if job.is_running:
            loop.exec()
        clock.stop()
        job.events.finished.disconnect(leave)

    def close(self) -> None:
        """Cancel what runs and wait until its threads have ended; a second time does nothing."""
        main_thread, self._main_thread = self._main_thread, None
        _OPEN.discard(self)
        if main_thread is None:
            return
        workers = list(self._workers.values())
        for job, worker in list(self._workers.items()):
            # The job itself, too: a worker that is through no longer knows it, and nobody delivers now.
            job.cancel()
            worker.quit()
        for worker in workers:
            # One that waits for its turn finds its job cancelled and ends at once.
            if worker.is_running:
                worker.has_ended.wait(CLOSING_PATIENCE)
        self._workers.clear()
        main_thread.deleteLater()
