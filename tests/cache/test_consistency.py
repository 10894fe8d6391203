from kubewright.cache.consistency import differences
from kubewright.objects.names import ObjectKey

A, B, C = (ObjectKey("n", name) for name in "abc")


def test_equal_states_do_not_differ() -> None:
    assert not differences({A: "1", B: "2"}, {B: "2", A: "1"})


def test_what_is_missing_or_of_another_version_is_named() -> None:
    assert differences({A: "1", B: "2"}, {B: "3", C: "4"}) == [
        "n/a: streamed at 1, listed not at all",
        "n/b: streamed at 2, listed at 3",
        "n/c: streamed not at all, listed at 4",
    ]
