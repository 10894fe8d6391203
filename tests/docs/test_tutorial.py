"""The tutorial, followed to the letter: its files are written, its commands are executed, in their order."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.warm import environment

PAGE = Path("docs/tutorial.md")
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(180)
def test_every_block_of_the_tutorial_works(tmp_path: Path) -> None:
    project = tmp_path / "website-operator"
    commands = []
    for language, path, text in BLOCK.findall(PAGE.read_text()):
        if language == "console":
            commands.append(text)
        else:
            commands.append(f"cat > {project / path} <<'END'\n{text}END\n")
    script = "set -eu\n" + "\n".join(commands) + "\nruff check src tests\nmypy\n"
    variables = environment()
    variables.pop("KUBECONFIG", None)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    assert "3 passed" in done.stdout
