import re
import signal
import threading

import numpy as np
import pytest

from gridgeo.analysis.balance import balance, warm_balance
from tests.analysis.balance.cities import assert_whole, lattice

ONE_BY_ONE = {"tolerance": 0.0, "k": 9}


def town():
    """Loads no plan can share exactly, so the solver never ends of itself at once."""
    units = lattice(20, 20)
    units.index = [f"u{i:03d}" for i in range(400)]
    units["load"] = np.random.default_rng(1).integers(50, 999, 400).astype(float)
    return units


def test_a_time_limit_gives_a_whole_plan_and_says_so():
    units = town()
    plan = balance(units, "load", time_limit_s=0, **ONE_BY_ONE)
    assert_whole(plan, units, 9)
    assert plan.stopped == "time"


def test_a_limit_that_is_not_reached_changes_nothing():
    units = town()
    free = balance(units, "load", 9, time_limit_s=None)
    assert free.stopped == ""
    assert balance(units, "load", 9, time_limit_s=500.0).assignment.equals(free.assignment)


@pytest.mark.parametrize("today", [False, True])
def test_an_interrupt_from_the_progress_gives_the_best_plan_so_far(today):
    units = town()
    units["today"] = [f"g{i // 45}" for i in range(400)]

    def interrupt(share, text):
        if text != "done":
            raise KeyboardInterrupt

    arguments = {"current": "today"} if today else {}
    plan = balance(units, "load", progress=interrupt, **ONE_BY_ONE, **arguments)
    assert_whole(plan, units, 9)
    assert plan.stopped == "interrupt"


@pytest.fixture
def listening():
    """Ctrl-C is heard, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
def test_ctrl_c_gives_a_whole_plan_and_the_handler_back():
    units = town()
    before = signal.getsignal(signal.SIGINT)
    began, pressed = threading.Event(), threading.Event()

    def press():
        began.wait(5)
        signal.raise_signal(signal.SIGINT)
        pressed.set()

    def told(*_):
        began.set()
        pressed.wait(5)  # however busy the machine is, the plan is not done before the key is hit

    thread = threading.Thread(target=press)
    thread.start()
    plan = balance(units, "load", progress=told, **ONE_BY_ONE)
    thread.join()
    assert_whole(plan, units, 9)
    assert plan.stopped == "interrupt"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_plan_is_the_same_from_any_thread():
    units = town()
    plans = []
    thread = threading.Thread(target=lambda: plans.append(balance(units, "load", 9)))
    thread.start()
    thread.join()
    assert plans[0].assignment.equals(balance(units, "load", 9).assignment)


def test_progress_rises_to_the_end():
    shares = []
    balance(town(), "load", 9, progress=lambda share, text: shares.append((share, text)))
    assert shares == sorted(shares, key=lambda one: one[0])
    assert shares[-1] == (1.0, "done")


@pytest.mark.parametrize("today", [False, True])
def test_progress_tells_the_deviation_the_borders_and_the_time(today):
    units = town()
    units["today"] = [f"g{i // 45}" for i in range(400)]
    asked = {"current": "today"} if today else {"k": 9}
    heard = []
    plan = balance(units, "load", progress=lambda _, text: heard.append(text), **asked)
    told = [text for text in heard if text.startswith("largest deviation")]
    assert told
    assert re.fullmatch(r"largest deviation \d+\.\d%, \d+ borders between grids, \d+ s", told[-1])
    worst = float(told[-1].split()[2].strip("%,")) / 100
    assert worst == pytest.approx(plan.scores["max_deviation_unforced"], abs=6e-4)
    assert f" {plan.scores['cut_edges']} borders" in told[-1]


def test_kernels_compile_beforehand():
    assert warm_balance() is None
