import numpy as np
import pytest

from gridgeo.analysis.cells.arena import Arena


@pytest.mark.parametrize("looked_at", [False, True])
def test_what_stands_in_an_arena_stays_when_it_grows_and_shrinks(looked_at):
    arena = Arena(np.int32, 10)
    arena.array[:] = range(10)
    # As a profiler does that looks at the frames of a program while it runs.
    views = [arena.array] if looked_at else []
    arena.resize(2_000_000)
    assert len(arena.array) == 2_000_000
    assert arena.array[:10].tolist() == list(range(10))
    arena.array[10:20] = 7
    views[:] = [arena.array] if looked_at else []
    arena.resize(12)
    assert arena.array.tolist() == [*range(10), 7, 7]
    arena.array[0] = 9  # it may be written to whatever became of the view
