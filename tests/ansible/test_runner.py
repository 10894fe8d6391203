"""Plays in the warm process, with Ansible itself: started once for all tests of this module."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kubewright.ansible.events import Event, outcome_of
from kubewright.ansible.runner import Access, AnsibleMissing, RunBroken, Runner, process_environment
from kubewright.ansible.variables import mark_unsafe
from kubewright.ansible.watches import Play

ACCESS = Access("http://127.0.0.1:1", "token", "shop")


@contextlib.asynccontextmanager
async def warm(root: Path) -> AsyncIterator[Runner]:
    runner, stop, ready = Runner(root, []), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(runner.run(stop, ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    try:
        yield runner
    finally:
        stop.set()
        await running


def playbook(root: Path, tasks: str) -> Play:
    path = root / "playbook.yml"
    path.write_text(f"- hosts: all\n  tasks:\n{tasks}")
    return Play(playbook=str(path))


async def played(runner: Runner, play: Play, **variables: Any) -> list[Event]:
    async with runner.playing(play, variables, access=ACCESS) as events:
        return [event async for event in events]


@pytest.mark.timeout(60)
async def test_plays_tell_what_happens_and_leave_nothing(tmp_path: Path) -> None:
    role = tmp_path / "roles/site/tasks/main.yml"
    role.parent.mkdir(parents=True)
    role.write_text(
        """\
- name: templates of the role are read, those of the object are not
  assert: {that: ["text == '{' ~ '{ 1 + 1 }' ~ '}'", "'a' | upper == 'A'"]}
- name: the way to the API server is told
  assert: {that: "lookup('file', lookup('env', 'K8S_AUTH_KUBECONFIG')) is search('token')"}
- name: may fail
  fail: {msg: not so bad}
  ignore_errors: true
- name: again tomorrow
  operator_sdk.util.requeue_after: {time: 24h}
- name: not always
  debug: {msg: x}
  when: false
"""
    )
    async with warm(tmp_path) as runner:
        events = await played(runner, Play(role=str(role.parent.parent)), text=mark_unsafe("{{ 1 + 1 }}"))
        outcome = outcome_of(events)
        assert outcome.succeeded, outcome
        assert outcome.stats is not None
        assert (outcome.stats.ok, outcome.stats.skipped, outcome.stats.ignored) == (4, 1, 1)
        assert str(outcome.requeue_after) == "24h0m0s"
        assert [event.task for event in events if event.event == "failed"] == ["may fail"]

        failing = playbook(tmp_path, "  - name: stop\n    fail: {msg: so bad}\n  - debug: {msg: never}\n")
        outcome = outcome_of(await played(runner, failing))
        assert outcome.failures == ["so bad"]

        outcome = outcome_of(await played(runner, playbook(tmp_path, "  - no_such_module: {}\n")))
        assert outcome.stats is None and "no_such_module" in outcome.last_words

        trusted = playbook(tmp_path, "  - assert: {that: \"text == '2'\"}\n")
        assert outcome_of(await played(runner, trusted, text="{{ '2' }}")).succeeded

        await ended_early(runner, tmp_path)
        folder = runner.folder
        assert folder is not None
        assert sorted(path.name for path in folder.iterdir()) == ["tmp", "warm-up.json", "warm-up.log"]
    assert not folder.exists()


async def ended_early(runner: Runner, root: Path) -> None:
    """A run that is left is killed with all that it has started, even what has left its session."""
    command = f"setsid {sys.executable} -c 'import time; time.sleep(4242)' & echo $! > {root}/pid; wait"
    play = playbook(root, f'  - name: wait\n    shell: "{command}"\n')
    async with asyncio.timeout(20), runner.playing(play, {}, access=ACCESS) as events:
        async for event in events:
            if event.event == "task_start":
                break
        while not (root / "pid").is_file() or not (root / "pid").read_text().strip():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not _lives(int((root / "pid").read_text()))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_our_modules_come_first_and_stand_ins_only_where_the_collection_is_missing(tmp_path: Path) -> None:
    made = process_environment({"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_ROLES_PATH": "/a"}, ["/a", "/b"])
    places = made["ANSIBLE_COLLECTIONS_PATH"].split(":")
    assert [Path(place).name for place in places] == ["collections", tmp_path.name, "stand_ins"]
    assert made["ANSIBLE_ROLES_PATH"] == "/a:/b"
    (tmp_path / "ansible_collections/kubernetes/core").mkdir(parents=True)
    made = process_environment({"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}, [])
    assert "stand_ins" not in made["ANSIBLE_COLLECTIONS_PATH"]


def test_facts_are_gathered_only_where_the_environment_says_so() -> None:
    assert process_environment({}, [])["ANSIBLE_GATHERING"] == "explicit"
    assert process_environment({"ANSIBLE_GATHERING": "smart"}, [])["ANSIBLE_GATHERING"] == "smart"


async def test_a_warm_process_that_dies_is_started_again(tmp_path: Path) -> None:
    play = playbook(tmp_path, "  - debug: {msg: here}\n")
    async with warm(tmp_path) as runner:
        assert runner.process is not None
        first = runner.process.pid
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(30):
            while True:
                try:
                    assert outcome_of(await played(runner, play)).succeeded
                    break
                except RunBroken:
                    await asyncio.sleep(0.02)
        assert runner.process.pid != first


async def test_ansible_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubewright.ansible.runner.find_spec", lambda name: None)
    with pytest.raises(AnsibleMissing, match=r"pip install 'kubewright\[ansible\]'"):
        async with warm(tmp_path):
            pass
