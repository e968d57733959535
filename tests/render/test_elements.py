import json

from hypothesis import given
from hypothesis import strategies as st

from gridgeo.render.elements import script_json
from tests.render.layers import NASTY

texts = st.one_of(st.sampled_from(NASTY), st.text(alphabet="{}%#$`<>&'\"\\/a城\u2028", max_size=12))


@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_json_in_a_script_reads_back_as_it_was(value):
    assert json.loads(script_json(value)) == value


@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_json_in_a_script_can_neither_end_it_nor_be_a_template(value):
    written = script_json(value)
    for opening in ("<", "{{", "{%", "{#", "${", "`", "$(", "\u2028"):
        assert opening not in written
