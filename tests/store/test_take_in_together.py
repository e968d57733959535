"""Imports that are killed, or that come at the same moment."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gridgeo.model.frames import HOUSEHOLDS
from tests.store.frames import feed, households, part

pytestmark = pytest.mark.db

ROOT = Path(__file__).parents[2]

KILLED = """
import sys, time
from gridgeo.model.frames import HOUSEHOLDS
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
from tests.store.frames import feed, households, part

def slowly():
    yield from part(households(1000))
    print("half", flush=True)
    time.sleep(60)
    yield from part(households(1000, start=1000))

Store(engine(sys.argv[1])).take_in(HOUSEHOLDS, slowly(), feed())
"""


def test_a_program_killed_while_taking_in_leaves_nothing(store):
    url = store.engine.url.render_as_string(hide_password=False)
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert program.stdout.readline() == "half\n"
    program.kill()
    program.communicate()
    assert len(store.feeds()) == 0
    assert len(store.frame(HOUSEHOLDS)) == 0
    # The lock of the killed program is gone with it.
    assert store.take_in(HOUSEHOLDS, part(households()), feed()).inserted == 3


def test_two_imports_of_one_layer_take_turns(store):
    results = []

    def bring(name):
        results.append(store.take_in(HOUSEHOLDS, part(households(3)), feed(name)))

    both = [threading.Thread(target=bring, args=[name]) for name in ("one", "two")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(result.inserted for result in results) == [0, 3]
    assert sorted(result.unchanged for result in results) == [0, 3]


def test_the_same_file_brought_twice_at_once_is_taken_in_once(store):
    results = []

    def bring():
        results.append(store.take_in(HOUSEHOLDS, part(households(3)), feed()))

    both = [threading.Thread(target=bring) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(result.repeated for result in results) == [False, True]
    assert len(store.feeds()) == 1
