import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.localcluster.rollouts import Sizes, plan_rollout, plan_scaling

COUNTS = st.integers(0, 8)


@given(wanted=COUNTS, new=st.tuples(COUNTS, COUNTS), old=st.tuples(COUNTS, COUNTS), surge=COUNTS, unavailable=COUNTS)
def test_a_step_of_a_rollout_stays_within_the_bounds(
    wanted: int, new: tuple[int, int], old: tuple[int, int], surge: int, unavailable: int
) -> None:
    before = Sizes("new", new[0], min(new)), Sizes("old", old[0], min(old))
    sizes = plan_rollout(wanted, before[0], [before[1]], surge=surge, unavailable=unavailable)
    after_new, after_old = sizes.get("new", new[0]), sizes.get("old", old[0])
    total = after_new + after_old
    assert total <= max(wanted + surge, new[0] + old[0])
    assert after_old <= old[0]
    kept = min(before[0].available, after_new) + min(before[1].available, after_old)
    surely = before[0].available + before[1].available
    assert kept >= min(wanted - unavailable, surely)


def test_a_rollout_comes_to_its_end() -> None:
    new, old = Sizes("new", 0, 0), Sizes("old", 4, 4)
    for _ in range(20):
        sizes = plan_rollout(4, new, [old] if old.replicas else [], surge=1, unavailable=1)
        if not sizes:
            break
        # Every Pod that is made becomes available, every one that is given up is gone.
        new, old = (Sizes(one.name, size, size) for one in (new, old) for size in [sizes.get(one.name, one.replicas)])
    assert (new.replicas, old.replicas) == (4, 0)


@pytest.mark.parametrize(
    ("wanted", "sizes", "expected"),
    [
        (5, [], {}),
        (5, [0], {"0": 5}),
        (5, [0, 2], {"1": 5}),
        (20, [5, 8], {"0": 9, "1": 14}),
        (0, [5, 8], {"0": 0, "1": 0}),
        (10, [5, 8], {}),
    ],
)
def test_a_new_number_is_shared_out_in_the_middle_of_a_rollout(
    wanted: int, sizes: list[int], expected: dict[str, int]
) -> None:
    # The Deployment had 10 Pods and could have had 13.
    replicasets = [Sizes(str(number), size, size, 13) for number, size in enumerate(sizes)]
    found = plan_scaling(wanted, replicasets, has_new=True, surge=3, rolling=True, present=13)
    assert found == expected


@given(wanted=COUNTS, sizes=st.lists(COUNTS, min_size=2, max_size=4), surge=COUNTS, maximum=st.integers(1, 16))
def test_scaling_in_a_rollout_brings_the_whole_to_its_allowed_size(
    wanted: int, sizes: list[int], surge: int, maximum: int
) -> None:
    replicasets = [Sizes(str(number), size, 0, maximum) for number, size in enumerate(sizes)]
    found = plan_scaling(wanted, replicasets, has_new=True, surge=surge, rolling=True, present=maximum)
    after = {one.name: found.get(one.name, one.replicas) for one in replicasets}
    assert min(after.values()) >= 0
    if sum(bool(size) for size in sizes) > 1 and wanted:
        assert sum(after.values()) == wanted + surge or 0 in after.values()


def test_old_versions_go_when_the_new_one_is_there_in_full() -> None:
    replicasets = [Sizes("new", 4, 4, 5), Sizes("old", 2, 2, 5)]
    assert plan_scaling(4, replicasets, has_new=True, surge=1, rolling=True, present=6) == {"old": 0}
