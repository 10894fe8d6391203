import pytest

from kubewright.objects import GroupVersionKind, Unstructured, key


def test_metadata_is_typed_and_the_rest_is_plain() -> None:
    obj = Unstructured(
        {
            "apiVersion": "x.io/v1",
            "kind": "X",
            "metadata": {"name": "a", "namespace": "n"},
            "spec": {"list": [{"b": 1}]},
        }
    )
    assert key(obj) == ("n", "a")
    assert obj.gvk == GroupVersionKind("x.io", "v1", "X")
    assert obj.get("spec", "list", 0, "b") == 1
    assert obj.get("spec", "list", 5, "b", default="none") == "none"
    obj["status"] = {}
    assert "status" in obj and "metadata" not in obj


@pytest.mark.parametrize("content", [{"kind": "X"}, {"apiVersion": "v1"}])
def test_needs_api_version_and_kind(content: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="an object needs"):
        Unstructured(content)
