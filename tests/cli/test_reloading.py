from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kubewright.cli.reloading import snapshot, wait_for_change


def test_a_changed_a_new_and_a_vanished_file_are_noticed(tmp_path: Path) -> None:
    changed, gone = tmp_path / "changed.py", tmp_path / "gone.py"
    for path in (changed, gone):
        path.write_text("")
    before = snapshot(tmp_path)
    os.utime(changed, (1, 1))
    gone.unlink()
    (tmp_path / "new.py").write_text("")
    assert wait_for_change(tmp_path, before) == ["changed.py", "gone.py", "new.py"]


def test_only_what_an_operator_is_made_of_counts(tmp_path: Path) -> None:
    others = ("README.md", ".venv/a.py", "lib/site-packages/b.py", "__pycache__/c.py", "config/crd/generated.yaml")
    for name in (*others, "pkg/mine.py", "watches.yaml", "helm-charts/web/templates/_helpers.tpl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert {path.name for path in snapshot(tmp_path)} == {"mine.py", "watches.yaml", "_helpers.tpl"}


def test_the_end_of_the_process_ends_the_wait(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert wait_for_change(tmp_path, snapshot(tmp_path), process) == []
