from __future__ import annotations

import pytest

from kubewright.manager.health import HealthChecks


def checks() -> HealthChecks:
    checks = HealthChecks("readyz")
    checks.add("cache", lambda: "Website has not synced")
    return checks


def test_all_is_well() -> None:
    healthz = HealthChecks("healthz")
    assert healthz.answer("") == (200, "ok")
    assert healthz.answer("", verbose=True) == (200, "[+]ping ok\nhealthz check passed\n")


def test_a_failing_check_is_named_but_not_explained() -> None:
    assert checks().answer("") == (500, "[+]ping ok\n[-]cache failed: reason withheld\nreadyz check failed\n")


def test_checks_can_be_excluded() -> None:
    status, text = checks().answer("", exclude=frozenset({"cache", "unknown"}), verbose=True)
    assert status == 200
    assert "[+]cache excluded: ok" in text
    assert "no checks can be excluded by 'unknown'" in text


def test_each_check_answers_for_itself() -> None:
    assert checks().answer("ping") == (200, "ok")
    assert checks().answer("cache").status == 500
    assert checks().answer("other").status == 404


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="named cache already"):
        checks().add("cache", lambda: None)
