"""A ``kubewright`` that starts in no time: a process that has everything loaded forks each command's.

Loading takes longer than most commands do, and tests run hundreds.  A forked command has its caller's folder,
environment, files, process group and signals, has run no command before and knows no project: otherwise it is what the
script does that pip installs.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

_HERE = Path(__file__).parent


@cache
def bin_folder() -> Path:
    """A folder for ``PATH`` that has this ``kubewright`` in it; the process behind it ends with this one."""
    folder = Path(mkdtemp(prefix="kubewright-warm-"))
    server = subprocess.Popen(
        [sys.executable, "-P", str(_HERE / "server.py"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    server.stdout.readline()  # it listens
    atexit.register(server.communicate)
    script = folder / "kubewright"
    script.write_text(f"#!{sys.executable} -IS\n{(_HERE / 'client.py').read_text()}")
    script.chmod(0o755)
    return folder


def environment(**variables: str) -> dict[str, str]:
    """For commands: ``kubewright`` is this one, others are those beside Python, and mypy knows what it has seen."""
    folders = (str(bin_folder()), str(Path(sys.executable).parent), os.environ["PATH"])
    return {
        **os.environ,
        "PATH": os.pathsep.join(folders),
        "MYPY_CACHE_DIR": str(bin_folder() / "mypy"),
        **variables,
    }
