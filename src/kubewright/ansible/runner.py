"""Runs playbooks in the warm process, from the event loop.

A play and its variables come in, its `Event` objects come out as they happen; leaving the run early, by cancellation
or otherwise, kills it with everything that it has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from kubewright.ansible.events import Event
from kubewright.ansible.play_api import SERVER, TOKEN
from kubewright.ansible.run_folders import run_folder
from kubewright.ansible.warm_process import Job
from kubewright.ansible.watches import Play, Watch
from kubewright.client import ConfigError

_log = logging.getLogger("kubewright.ansible")

PlayEvents: TypeAlias = AsyncIterator[Event]

_OURS = Path(__file__).parent / "collections"
_STAND_INS = Path(__file__).parent / "stand_ins"
_LINE = 16 << 20
"""Bytes that an event may have."""

_KILL = 5.0
"""Seconds that are given to the end of a run."""

_START = 60.0
"""Seconds within which Ansible must have been loaded."""


class Access(NamedTuple):
    """How the modules of one run reach the API server: the proxy's URL, the run's token, the object's namespace."""

    server: str
    token: str
    namespace: str

    def kubeconfig(self) -> bytes:
        """The file that modules other than ours read."""
        context = {"cluster": "proxy", "user": "run", "namespace": self.namespace or "default"}
        return msgspec.json.encode(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "proxy", "cluster": {"server": self.server}}],
                "users": [{"name": "run", "user": {"token": self.token}}],
                "contexts": [{"name": "run", "context": context}],
                "current-context": "run",
            }
        )


class AnsibleMissing(ConfigError):
    """ansible-core is not installed, or can't be loaded; the text says what to do."""


class RunBroken(RuntimeError):
    """The warm process does not run, so nothing can be played."""


class Runner:
    """The warm process, for as long as it is wanted; one of the manager's runnables.

    :param root: the project's folder: ``ansible.cfg`` is found there, and relative paths start there.
    :param watches: their roles see each other.
    """

    name = "ansible"

    def __init__(self, root: Path, watches: Iterable[Watch]) -> None:
        self._root = root
        folders = [str(root / "roles"), *(folder for watch in watches for folder in _role_folders(watch))]
        self._roles = list(dict.fromkeys(folders))
        self.folder: Path | None = None
        """Where runs have their folders, while there are any."""
        self.process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Keep the process warm until told to stop; a process that ends by itself is started again."""
        stopping = asyncio.create_task(stop.wait())
        try:
            with run_folder() as self.folder:
                while not stop.is_set():
                    self.process = await self._start(self.folder)
                    ended = asyncio.create_task(self.process.wait())
                    ready()
                    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    self._close()
                    status = await ended
                    if not stop.is_set():
                        _log.warning("the process that runs Ansible has ended with %s; starting it again", status)
        finally:
            stopping.cancel()
            self._close()
            self.folder = None

    async def _start(self, folder: Path) -> asyncio.subprocess.Process:
        if find_spec("ansible") is None:
            raise AnsibleMissing("watches.yaml wants Ansible: pip install 'kubewright[ansible]'")
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "kubewright.ansible.warm_process", str(folder)),
                stdin=theirs.fileno(),
                cwd=self._root,
                env={"ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), **process_environment(os.environ, self._roles)},
                start_new_session=True,  # Ctrl-C is for the operator: it lets runs finish first
            )
        ours.setblocking(False)
        async with asyncio.timeout(_START):
            if not await asyncio.get_running_loop().sock_recv(ours, 1):
                raise AnsibleMissing(f"Ansible can't be loaded: {_read(folder / 'warm-up.log') or 'see above'}")
        self._control = ours
        return process

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    @asynccontextmanager
    async def playing(
        self, play: Play, variables: Mapping[str, Any], *, access: Access, verbosity: int = 0
    ) -> AsyncIterator[PlayEvents]:
        """Play, and see what happens; leaving the block ends the run.

        :param access: how the run's modules reach the API server.
        :raises RunBroken: nothing can be played at the moment.
        """
        if self._control is None or self.folder is None:
            raise RunBroken("the process that runs Ansible is not there; it is being started again")
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.folder, ignore_cleanup_errors=True) as folder:
            job = _job(Path(folder), play, variables, access, verbosity)
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._control, [b"."], [theirs.fileno()])
                except OSError as error:
                    ours.close()
                    raise RunBroken("the process that runs Ansible has ended; it is being started again") from error
            reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LINE)
            try:
                body = msgspec.json.encode(job)
                writer.write(len(body).to_bytes(4, "big") + body)
                yield _events(reader)
            finally:
                await _end(reader, writer)


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that the run is over, and wait until its supervisor has killed what is left: only then its folder may go."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(_KILL):
            while await reader.read(_LINE):
                pass
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _events(reader: asyncio.StreamReader) -> PlayEvents:
    try:
        while line := await reader.readline():
            yield msgspec.json.decode(line, type=Event)
    except ConnectionError as error:
        raise RunBroken("the process that runs Ansible has ended; it is being started again") from error


def _job(folder: Path, play: Play, variables: Mapping[str, Any], access: Access, verbosity: int) -> Job:
    """Write what a run needs into its folder."""
    playbook = play.playbook
    if play.role:
        playbook = str(folder / "playbook.json")
        gathering = os.environ.get("ANSIBLE_GATHERING", "explicit") != "explicit"
        content = [{"hosts": "localhost", "gather_facts": gathering, "roles": [{"role": play.role}]}]
        Path(playbook).write_bytes(msgspec.json.encode(content))
    config = folder / "kubeconfig"
    config.touch(mode=0o600)
    config.write_bytes(access.kubeconfig())
    environment = {
        "KUBECONFIG": str(config),
        "K8S_AUTH_KUBECONFIG": str(config),
        SERVER: access.server,
        TOKEN: access.token,
        "TMPDIR": str(folder),
    }
    return Job(playbook, str(folder), msgspec.json.encode(variables).decode(), environment, verbosity)


def process_environment(environment: Mapping[str, str], roles: Iterable[str]) -> dict[str, str]:
    """The warm process's environment: the operator's own, with what Ansible has to know.

    Our modules come before everything, those that stand in for ``kubernetes.core`` after everything and only where that
    collection is missing.
    """
    collections = [path for path in environment.get("ANSIBLE_COLLECTIONS_PATH", "").split(":") if path]
    collections = collections or ["~/.ansible/collections", "/usr/share/ansible/collections"]
    places = [*(Path(path).expanduser() for path in collections), *map(Path, sys.path)]
    has_core = any((place / "ansible_collections/kubernetes/core").is_dir() for place in places)
    role_folders = [path for path in environment.get("ANSIBLE_ROLES_PATH", "").split(":") if path]
    return {
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        **environment,
        "ANSIBLE_COLLECTIONS_PATH": ":".join([str(_OURS), *collections, *([] if has_core else [str(_STAND_INS)])]),
        "ANSIBLE_ROLES_PATH": ":".join(dict.fromkeys([*role_folders, *roles])),
        "ANSIBLE_LOCALHOST_WARNING": "False",
    }


def _role_folders(watch: Watch) -> Iterable[str]:
    plays = [watch.play, watch.finalizer.play if watch.finalizer else None]
    return [str(Path(play.role).parent) for play in plays if play is not None and Path(play.role).is_absolute()]


def _read(path: Path) -> str:
    return path.read_text(errors="replace").strip() if path.is_file() else ""
