"""What may cut a solve short: the time limit, an interrupt; and who hears how far it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from time import perf_counter
from types import FrameType, TracebackType
from typing import Literal

Stopped = Literal["", "time", "interrupt"]
Progress = Callable[[float, str], object]


class Watch:
    """The one place of the solver that reads a clock.

    It only ever truncates: a solve that is not cut short never depends on it. As a context it
    holds back Ctrl-C, so that an interrupt ends the solve at its next step with a whole plan;
    a second Ctrl-C interrupts at once.

    Parameters
    ----------
    limit_s : float or None
        Seconds from now; None for no limit.
    progress : callable or None
        Called with (share done, text). A ``KeyboardInterrupt`` from it counts as an interrupt.
    """

    def __init__(self, limit_s: float | None, progress: Progress | None) -> None:
        self._began = perf_counter()
        self._limit_s = float("inf") if limit_s is None else limit_s
        self._progress = progress
        self._interrupted = False
        self._holds = False
        self._share = 0.0
        self.stopped: Stopped = ""

    def __enter__(self) -> Watch:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._hold)
            self._holds = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._holds:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            signal.default_int_handler(number, frame)
        self._interrupted = True

    @property
    def seconds(self) -> float:
        """Seconds since the solve began."""
        return perf_counter() - self._began

    def over(self) -> bool:
        """Tell whether the solve must end now; asked only where work is left."""
        if not self.stopped:
            if self._interrupted:
                self.stopped = "interrupt"
            elif self.seconds >= self._limit_s:
                self.stopped = "time"
        return self.stopped != ""

    def tell(self, share: float, text: str) -> None:
        """Report how far the solve is; the share never falls."""
        self._share = max(self._share, min(share, 1.0))
        if self._progress is None:
            return
        try:
            self._progress(self._share, text)
        except KeyboardInterrupt:
            self._interrupted = True
