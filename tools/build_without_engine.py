"""Plays a new project's Dockerfile where no container engine is: what it copies, runs and starts, in a scratch folder.

``make test-image`` runs it; it installs from the package index, so it is no part of the test-suite.  What an engine
would do and this does not: other base images, other users, layers.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Instruction(NamedTuple):
    name: str
    text: str


def instructions(dockerfile: str) -> Iterator[Instruction]:
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        name, _, text = line.partition(" ")
        yield Instruction(name.upper(), text.strip())


def context(project: Path, into: Path) -> Path:
    """What an engine would be sent: the folder without what .dockerignore leaves out."""
    patterns = (project / ".dockerignore").read_text().split("\n")
    for path in sorted(one for one in project.rglob("*") if one.is_file()):
        place = path.relative_to(project)
        kept = True
        for pattern in (one.strip() for one in patterns if one.strip() and not one.startswith("#")):
            wanted = pattern.removeprefix("!").removesuffix("/**")
            expression = re.escape(wanted).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
            if any(re.fullmatch(expression, str(one)) for one in (place, *place.parents[:-1])):
                kept = pattern.startswith("!")
        if kept:
            (into / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into / place)
    return into


class Builder:
    """Carries instructions out below ``root``, which stands for the image's file system."""

    def __init__(self, root: Path, sent: Path) -> None:
        self.root = root
        self.sent = sent
        self.workdir = root
        self.environment = dict(os.environ)
        self.entrypoint: list[str] = []

    def carry_out(self, one: Instruction) -> None:
        match one.name:
            case "WORKDIR":
                self.workdir = self.root / one.text.lstrip("/")
                self.workdir.mkdir(parents=True, exist_ok=True)
            case "COPY" if not one.text.startswith("--from"):
                self.copy(shlex.split(one.text))
            case "RUN":
                subprocess.run(["sh", "-ec", self.here(one.text)], cwd=self.workdir, env=self.environment, check=True)
            case "ENV":
                for setting in shlex.split(one.text):
                    name, _, value = setting.partition("=")
                    self.environment[name] = self.here(value).replace("$PATH", self.environment["PATH"])
            case "ENTRYPOINT":
                self.entrypoint = json.loads(one.text)

    def copy(self, words: Sequence[str]) -> None:
        *sources, target = words
        for source in sources:
            found = sorted(self.sent.glob(source))
            if not found and "[" not in source:
                sys.exit(f"COPY {source}: there is no such file, or .dockerignore leaves it out")
            for path in found:
                if path.is_dir():
                    shutil.copytree(path, self.workdir / target, dirs_exist_ok=True)
                else:
                    shutil.copy(path, self.workdir / target)

    def here(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(app|build|operator)\b", rf"{self.root}/\1", text)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kubewright-image-") as scratch:
        home = Path(scratch)
        kubewright = [sys.executable, "-P", "-m", "kubewright"]
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", home / "wheels", ROOT], check=True
        )
        subprocess.run([*kubewright, "init", "shop", "--domain", "example.com"], cwd=home, check=True)
        add = ["create", "api", "--group", "sales", "--version", "v1", "--kind", "Order"]
        subprocess.run([*kubewright, *add], cwd=home / "shop", check=True)
        builder = Builder(home / "image", context(home / "shop", home / "context"))
        # This very kubewright, which no index has.
        builder.environment["PIP_FIND_LINKS"] = str(home / "wheels")
        for one in instructions((home / "shop/Dockerfile").read_text()):
            builder.carry_out(one)
        if not json.loads((home / "image/app/sbom.cdx.json").read_text())["components"]:
            sys.exit("the bill of materials is empty")
        command = [*builder.entrypoint, "--kubeconfig", "/nowhere"]
        started = subprocess.run(command, cwd=home / "image", env=builder.environment, capture_output=True, text=True)
        if started.returncode != 1 or "/nowhere" not in started.stderr:
            sys.exit(f"{shlex.join(command)} should miss its kubeconfig only, but says:\n{started.stderr}")
        print(f"{shlex.join(builder.entrypoint)} starts from what the Dockerfile installs")


if __name__ == "__main__":
    main()
