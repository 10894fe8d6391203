from __future__ import annotations

from collections import Counter

from kubewright.manager.hash_ring import HashRing, ring_of

KEYS = [f"ns-{number % 7}/name-{number}" for number in range(5000)]


def test_shares_are_about_equal() -> None:
    shares = Counter(HashRing(("a", "b", "c", "d")).owner(key) for key in KEYS)
    assert all(0.7 * 1250 < share < 1.3 * 1250 for share in shares.values())


def test_a_member_that_leaves_moves_only_its_own_keys() -> None:
    before, after = HashRing(("a", "b", "c")), HashRing(("a", "c"))
    moved = [key for key in KEYS if before.owner(key) != after.owner(key)]
    assert moved == [key for key in KEYS if before.owner(key) == "b"]


def test_everything_belongs_to_the_only_member_and_nothing_to_none() -> None:
    assert {ring_of(("a",)).owner(key) for key in KEYS} == {"a"}
    assert ring_of(()).owner("key") == ""
