"""Labels of a namespace become a policy for its pods."""

from __future__ import annotations

import pytest

from kubewright.apiserver.admission.pod_security_policy import PREFIX, Policy, Standard, policy_of

RESTRICTED, BASELINE = Standard("restricted"), Standard("baseline")


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({}, Policy()),
        ({"audit": "baseline"}, Policy(audit=BASELINE)),
        ({"enforce": "restricted"}, Policy(RESTRICTED, warn=RESTRICTED)),
        ({"enforce": "baseline", "enforce-version": "v1.30"},
         Policy(Standard("baseline", "v1.30"), warn=Standard("baseline", "v1.30"))),
        ({"enforce": "baseline", "enforce-version": "v1.30", "warn-version": "v1.20"},
         Policy(Standard("baseline", "v1.30"), warn=Standard("baseline", "v1.20"))),
        ({"enforce": "restricted", "warn": "privileged"}, Policy(RESTRICTED)),
        ({"enforce": "privileged"}, Policy()),
    ],
)  # fmt: skip
def test_what_is_enforced_is_warned_of_too(labels: dict[str, str], wanted: Policy) -> None:
    assert policy_of({f"{PREFIX}{key}": value for key, value in labels.items()}) == (wanted, [])


def test_what_there_is_not_is_enforced_strictly_and_told_of_at_its_label() -> None:
    labels = {f"{PREFIX}enforce": "strict", f"{PREFIX}audit": "strict", f"{PREFIX}warn-version": "1.20"}
    policy, causes = policy_of(labels)
    assert policy == Policy(RESTRICTED)
    assert [cause.field for cause in causes] == [
        f"metadata.labels[{PREFIX}{key}]" for key in ("enforce", "audit", "warn-version")
    ]
