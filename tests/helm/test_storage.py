import pytest

from kubewright.helm.releases import DEPLOYED, FAILED
from kubewright.helm.storage import Revision, pause_after_failures


def revision(version: int, status: str, inputs: str, modified: int = 100) -> Revision:
    return Revision(f"v{version}", version, status, inputs, (), modified)


@pytest.mark.parametrize(
    ("revisions", "pause"),
    [
        ([], 0),
        ([revision(1, DEPLOYED, "new")], 0),
        ([revision(1, FAILED, "old")], 0),
        ([revision(1, FAILED, "new")], 1.5),
        ([revision(1, FAILED, "new"), revision(2, DEPLOYED, ""), revision(3, FAILED, "new")], 3.5),
        ([revision(n, FAILED, "new") for n in range(1, 10)], 59.5),
        ([revision(1, FAILED, "new", modified=90)], 0),
    ],
)
def test_what_failed_is_tried_again_later_and_later(revisions: list[Revision], pause: float) -> None:
    assert pause_after_failures(revisions, "new", longest=60, at=100.5) == pause
