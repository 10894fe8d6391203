"""The process that has Ansible loaded and forks one child for each run: ``python -m kubewright.ansible.warm_process``.

Sockets come in over its control socket (standard input), one for each run; a run reads its `Job` from its socket and
writes `events` to it, one JSON object a line.  Importing Ansible takes half a second and a first play as long again:
here that happens once, and a fork has it all.

A run ends with everything that it has started.  Its supervisor adopts whatever is orphaned below it and kills what is
left, when the play is over or as soon as the other end of the socket is closed, by cancelling or by the operator's
death.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import msgspec

from kubewright.ansible.events import Event

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_FILE_LIMIT = 1 << 30
"""Bytes that a file written by a run may have."""

_LAST_WORDS = 4096
"""Bytes of a broken run's output that are reported."""

EVENTS = "KUBEWRIGHT_EVENTS"
"""The environment variable that tells the callback plugin the number of the run's socket."""


class Job(msgspec.Struct, frozen=True):
    """One run.

    :param playbook: the path of the playbook.
    :param folder: the run's own, for whatever it writes.
    :param variables: the extra variables, as JSON.
    :param environment: set for the run.
    """

    playbook: str
    folder: str
    variables: str
    environment: dict[str, str]
    verbosity: int = 0


def main() -> None:
    """Serve until the control socket is closed."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    warm_up(Path(sys.argv[1]))
    gc.collect()
    gc.freeze()  # what is loaded stays shared between all forks
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how supervisors end
    control.send(b".")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            with socket.socket(fileno=descriptors[0]) as connection:
                _supervise(connection)
            os._exit(0)
        os.close(descriptors[0])


def warm_up(folder: Path) -> None:
    """Play something small, so that the plugins that every play needs are loaded."""
    playbook = folder / "warm-up.json"
    task = {
        "ansible.builtin.debug": {"msg": "{{ 'warm' | upper }}"},
        "loop": [1],
        "when": "ansible_play_hosts is defined",
    }
    playbook.write_bytes(msgspec.json.encode([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    with _output_to(folder / "warm-up.log"):
        from kubewright.ansible.play import play

        if play(Job(str(playbook), str(folder), "{}", {})):
            raise SystemExit(1)


def _supervise(connection: socket.socket) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    ended, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno())
    job = _read_job(connection)
    if job is None:
        return
    pid = os.fork()
    if pid == 0:
        ended.close()
        wakeup.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _run(job, connection)
    code: int | None = None
    while code is None:
        readable, _, _ = select.select([connection, ended], [], [])
        if connection in readable:  # the operator sends nothing after the job: its end is closed
            break
        ended.recv(64)
        while (child := _waited())[0]:
            if child[0] == pid:
                code = os.waitstatus_to_exitcode(child[1])
    _kill_all()
    if code is not None:
        text = _tail(Path(job.folder, "output.log")) if code else ""
        with contextlib.suppress(OSError):
            connection.sendall(msgspec.json.encode(Event("exit", code=code, text=text)) + b"\n")


def _run(job: Job, connection: socket.socket) -> NoReturn:
    """The play itself, in a process of its own; never returns."""
    code = 1
    try:
        os.environ.update(job.environment, **{EVENTS: str(connection.fileno())})
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))
        with _output_to(Path(job.folder, "output.log")):
            from kubewright.ansible.play import play

            try:
                code = play(job)
            except BaseException:  # whatever it is, its text belongs into the output before the process ends
                traceback.print_exc()
    finally:
        os._exit(code)


def _read_job(connection: socket.socket) -> Job | None:
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    body = connection.recv(size, socket.MSG_WAITALL)
    return msgspec.json.decode(body, type=Job) if len(body) == size else None


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what is printed, by this process and those below it, to a file."""
    sys.stdout.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    before = os.dup(1), os.dup(2)
    try:
        os.dup2(file, 1)
        os.dup2(file, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), before, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(file)


def _waited() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def _kill_all() -> None:
    """Kill every process below this one.  The orphans of those who die are adopted, so the next round finds them."""
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> Iterator[int]:
    parent = str(os.getpid())
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has just ended
                # The name in parentheses may hold anything: what counts comes after the last one.
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                if fields[1] == parent:
                    yield int(entry.name)


def tell(event: Event) -> None:
    """Send an event of this process's run to the operator, where there is one."""
    os.write(int(os.environ[EVENTS]), msgspec.json.encode(event) + b"\n")


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS))
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
