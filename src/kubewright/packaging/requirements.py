"""Pinned requirements with hashes, from the reports of pip's own resolver.

One report a platform goes in, one ``requirements.txt`` for ``pip install --require-hashes`` comes out: an image for
several platforms installs the same versions from different files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

PLATFORMS = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}

_GLIBC = range(36, 16, -1)
"""The minor versions of glibc that python:3.13-slim (Debian 12, glibc 2.36) runs wheels for."""


class ResolutionError(Exception):
    """Requirements that cannot be met; the text is pip's."""


def resolve(requirements: Sequence[str], *, platform: str, python: str) -> Report:
    """Ask pip what it would install on ``platform``.

    :param python: the image's Python version, ``3.13``.
    :raises ResolutionError: pip finds no set of wheels.
    """
    machine = PLATFORMS[platform]
    tags = [f"--platform=manylinux_2_{minor}_{machine}" for minor in _GLIBC] + [f"--platform=manylinux2014_{machine}"]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"),
        *("--ignore-installed", "--report", "-", "--only-binary=:all:", f"--python-version={python}", *tags),
        *("--target", "unused", *requirements),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise ResolutionError(run.stderr.strip())
    report: Report = json.loads(run.stdout)
    return report


def pinned(reports: Iterable[Report]) -> str:
    """The lines of a requirements file.

    :raises ResolutionError: the platforms would get different versions, or a file has no hash.
    """
    versions: dict[str, str] = {}
    hashes: dict[str, set[str]] = {}
    for report in reports:
        for found in report["install"]:
            name, version = found["metadata"]["name"].lower().replace("_", "-"), found["metadata"]["version"]
            if versions.setdefault(name, version) != version:
                raise ResolutionError(f"{name} would be {versions[name]} on one platform and {version} on another")
            digest = found["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
            if digest is None:
                raise ResolutionError(f"{name} {version} comes from a place without hashes; pin one from an index")
            hashes.setdefault(name, set()).add(digest)
    lines = ["# Written by `kubewright requirements`"]
    for name in sorted(versions):
        lines += [f"{name}=={versions[name]} \\"]
        lines += [" \\\n".join(f"    --hash=sha256:{digest}" for digest in sorted(hashes[name]))]
    return "\n".join(lines) + "\n"
