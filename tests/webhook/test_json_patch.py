from typing import Any

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from kubewright.webhook.json_patch import json_patch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab~/", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.text("ab~/", max_size=2), JSON, max_size=4)


@given(OBJECT, OBJECT)
def test_the_patch_makes_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    patched = jsonpatch.apply_patch(before, json_patch(before, after))
    assert patched == after


@given(OBJECT)
def test_equal_objects_need_no_patch(obj: dict[str, Any]) -> None:
    assert json_patch(obj, obj) == []
