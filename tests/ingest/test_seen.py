import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.ingest.seen import Seen, hashed

KEYS = st.text(alphabet="ab户0", max_size=3)


def keys_of(texts):
    return hashed(pd.Series(list(texts), dtype="str"))


@given(st.lists(st.sets(KEYS, max_size=6), max_size=9), st.lists(KEYS, max_size=9))
def test_it_remembers_what_a_set_remembers(batches, asked):
    seen, known = Seen(), set()
    for batch in batches:
        new = batch - known
        seen.add(keys_of(sorted(new)))
        known |= new
    assert seen.have(keys_of(asked)).tolist() == [key in known for key in asked]


def test_keys_of_which_half_the_hash_is_shared_are_told_apart():
    seen = Seen()
    seen.add(np.array([[7, 1], [7, 2], [7, 3]], dtype="uint64"))
    seen.add(np.array([[7, 4]], dtype="uint64"))
    asked = np.array([[7, 3], [7, 9], [7, 4], [7, 1], [1, 7]], dtype="uint64")
    assert seen.have(asked).tolist() == [True, False, True, True, False]


def test_runs_stay_few_as_batches_come():
    seen = Seen()
    for start in range(0, 64_000, 1000):
        seen.add(keys_of(str(n) for n in range(start, start + 1000)))
    assert len(seen._runs) <= 8
    assert seen.have(keys_of(["0", "63999", "64000"])).tolist() == [True, True, False]
