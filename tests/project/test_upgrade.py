from pathlib import Path

import pytest

from kubewright.project.upgrade import Plan, carry_out, merge, plan_upgrade

OLD = "one\ntwo\nthree\nfour\nfive\n"
NEW = OLD.replace("five", "FIVE")


def project(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / name).write_text(text)
    return root


def test_an_untouched_file_becomes_the_new_one(tmp_path: Path) -> None:
    plan = plan_upgrade(project(tmp_path, Makefile=OLD), {"Makefile": OLD}, {"Makefile": NEW})
    assert plan.write == {"Makefile": NEW}


def test_a_changed_file_keeps_the_users_lines_and_gains_the_scaffolds(tmp_path: Path) -> None:
    root = project(tmp_path, Makefile=OLD.replace("one", "mine"))
    plan = plan_upgrade(root, {"Makefile": OLD}, {"Makefile": NEW})
    assert plan.write == {"Makefile": NEW.replace("one", "mine")}


def test_a_conflict_leaves_every_file_as_it_is(tmp_path: Path) -> None:
    root = project(tmp_path, Makefile=OLD.replace("five", "mine"), other=OLD)
    plan = plan_upgrade(root, {"Makefile": OLD, "other": OLD}, {"Makefile": NEW, "other": NEW})
    assert list(plan.conflicts) == ["Makefile"]
    assert "<<<<<<< yours" in plan.conflicts["Makefile"]
    with pytest.raises(ValueError, match="conflicts"):
        carry_out(root, plan)
    assert (root / "other").read_text() == OLD


def test_a_file_that_both_made_differently_is_a_conflict(tmp_path: Path) -> None:
    assert plan_upgrade(project(tmp_path, new="mine\n"), {}, {"new": "theirs\n"}).conflicts


def test_a_file_that_the_scaffold_dropped_goes_only_if_untouched(tmp_path: Path) -> None:
    root = project(tmp_path, a=OLD, b="mine\n")
    plan = plan_upgrade(root, {"a": OLD, "b": OLD}, {})
    assert (plan.delete, list(plan.keep)) == (["a"], ["b"])
    carry_out(root, plan)
    assert [path.name for path in root.iterdir()] == ["b"]


def test_a_file_that_the_user_removed_stays_removed(tmp_path: Path) -> None:
    plan = plan_upgrade(tmp_path, {"a": OLD}, {"a": NEW})
    assert not plan
    assert plan.keep == {"a": "you removed it"}


def test_the_mode_of_a_file_survives(tmp_path: Path) -> None:
    root = project(tmp_path, run=OLD)
    (root / "run").chmod(0o755)
    carry_out(root, Plan(write={"run": NEW}))
    assert (root / "run").stat().st_mode & 0o777 == 0o755


def test_merging_is_clean_where_the_sides_touch_different_lines() -> None:
    merged, clean = merge(OLD.replace("one", "1"), OLD, NEW)
    assert (merged, clean) == (NEW.replace("one", "1"), True)
