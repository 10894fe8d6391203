"""Loads all of kubewright, and forks a process for each command that a client asks for, until its input ends."""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import shutil
import signal
import socket
import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path


def serve(folder: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()
    print("listening", flush=True)
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for attendants
    while True:
        readable, _, _ = select.select([listener.fileno(), 0], [], [])
        if 0 in readable:
            shutil.rmtree(folder)
            return
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(client)
            return
        client.close()


def _load() -> None:
    from kubewright.cli import COMMANDS

    for name in COMMANDS:
        import_module(f"kubewright.cli.{name.replace('-', '_')}{'_' * iskeyword(name)}")
    import_module("kubewright.localcluster")
    import_module("kubewright.testing.rehearsal")
    import_module("typer._adapters")


def _attend(client: socket.socket) -> None:
    """Run one client's command and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(client, 4, 3)
    folder, arguments, environment, group = marshal.loads(client.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL))
    child = os.fork()
    if child == 0:
        client.close()
        with contextlib.suppress(OSError):  # the client's shell has given it a session of its own
            os.setpgid(0, group)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
        sys.argv = ["kubewright", *arguments]
        from kubewright.__main__ import main

        main()
        return
    for file in files:
        os.close(file)
    ended = os.pidfd_open(child)
    while True:
        readable, _, _ = select.select([client.fileno(), ended], [], [])
        if ended in readable:
            break
        asked = client.recv(1)
        os.kill(child, asked[0] if asked else signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):  # the client is gone
        client.sendall(bytes([code if code >= 0 else 128 - code]))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
