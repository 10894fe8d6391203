"""Bringing a project to a newer scaffold by a three-way merge, file by file.

The base is what the old scaffold rendered, one side is what the new one renders, the other is what the user made of
it.  A plan is computed whole before anything is written: on a conflict nothing is touched, and nothing is ever deleted
that the scaffold did not write itself.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from kubewright.project.scaffold import Files


@dataclass
class Plan:
    """What an upgrade would do; ``conflicts`` maps a path to the merged text with conflict markers."""

    write: Files = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    keep: dict[str, str] = field(default_factory=dict)
    conflicts: Files = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.write or self.delete or self.conflicts)


def plan_upgrade(root: Path, base: Files, new: Files) -> Plan:
    """Compare three states of every scaffolded file.

    :param base: what the scaffold once wrote.
    :param new: what it writes now.
    :raises OSError: git, which does the merging, is not there.
    """
    plan = Plan()
    for path in sorted(base.keys() | new.keys()):
        mine = _read(root / path)
        was, becomes = base.get(path), new.get(path)
        if was == becomes or mine == becomes:
            continue
        if becomes is None:
            if mine is None:
                continue
            if mine == was:
                plan.delete.append(path)
            else:
                plan.keep[path] = "no longer part of the scaffold, but you changed it"
        elif mine is None:
            if was is None:
                plan.write[path] = becomes
            else:
                plan.keep[path] = "you removed it"
        elif mine == was:
            plan.write[path] = becomes
        else:
            merged, clean = merge(mine, was or "", becomes)
            (plan.write if clean else plan.conflicts)[path] = merged
    return plan


def carry_out(root: Path, plan: Plan) -> None:
    """Do what a plan without conflicts says.

    :raises ValueError: the plan has conflicts.
    """
    if plan.conflicts:
        raise ValueError("a plan with conflicts is not carried out")
    for path, text in plan.write.items():
        write(root / path, text)
    for path in plan.delete:
        (root / path).unlink()


def write(path: Path, text: str) -> None:
    """Replace a file in one step, so that it is never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    if path.exists():
        part.chmod(path.stat().st_mode)
    part.replace(path)


def merge(mine: str, base: str, new: str) -> tuple[str, bool]:
    """Merge two descendants of ``base``; the second value says whether there was no conflict.

    :raises OSError: git is not there, or failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("yours", "base", "scaffold")]
        for path, text in zip(paths, (mine, base, new), strict=True):
            path.write_text(text, encoding="utf-8")
        labels = [argument for path in paths for argument in ("-L", path.name)]
        try:
            run = subprocess.run(
                ["git", "merge-file", "-p", "--diff3", *labels, *map(str, paths)], capture_output=True, text=True
            )
        except FileNotFoundError as error:
            raise OSError("git is needed to merge your changes with the scaffold's: install it") from error
    if run.returncode < 0 or run.returncode > 127:
        raise OSError(f"git merge-file failed: {run.stderr.strip()}")
    return run.stdout, run.returncode == 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
