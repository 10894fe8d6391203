"""Which kinds a role or playbook manages, as far as its files say: what its operator needs permissions for.

Files are read as text, since most are templates: an ``apiVersion`` and a ``kind`` beside each other name a kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kubewright.ansible.watches import Play, Watch
from kubewright.objects.names import GroupVersionKind

_LINE = re.compile(r"""^([\s-]*)["']?(apiVersion|api_version|kind)["']?:\s*["']?([A-Za-z0-9./-]+)["']?,?\s*$""")
_SUFFIXES = {".yml", ".yaml", ".j2", ".json"}
_PARTS = ("tasks", "handlers", "templates", "files", "vars", "defaults")


def managed_kinds(watch: Watch) -> list[GroupVersionKind]:
    """The kinds in the files of a watch's plays, each once, in their order."""
    plays = [watch.play, *([watch.finalizer.play] if watch.finalizer and watch.finalizer.play else [])]
    found = [kind for play in plays for path in _files(play) for kind in kinds_in(path.read_text(errors="replace"))]
    return [kind for kind in dict.fromkeys(found) if kind != watch.kind]


def kinds_in(text: str) -> Iterator[GroupVersionKind]:
    """The kinds that a text names, in its order; where a template decides, there is nothing to see."""
    version = kind = ""
    depth = -1
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        indent, field, value = len(match[1]), match[2], match[3]
        if indent != depth:
            version = kind = ""
        depth = indent
        if field == "kind":
            kind = value
        else:
            version = value
        if version and kind:
            yield GroupVersionKind.parse(version, kind)
            version = kind = ""


def role_folders(play: Play) -> list[Path]:
    """The folders of a play's roles: of a playbook those that it names, beside it or one folder up."""
    if play.role:
        return [Path(play.role)] if Path(play.role).is_absolute() else []
    playbook = Path(play.playbook)
    words = set(re.findall(r"[\w.-]+", playbook.read_text(errors="replace")))
    beside = sorted(playbook.parent.glob("roles/*")) + sorted(playbook.parent.parent.glob("roles/*"))
    return [role for role in beside if role.name in words]


def _files(play: Play) -> Iterator[Path]:
    if play.playbook:
        yield Path(play.playbook)
    for role in role_folders(play):
        yield from _of_role(role)


def _of_role(role: Path) -> Iterable[Path]:
    paths = (path for part in _PARTS for path in sorted((role / part).rglob("*")))
    return (path for path in paths if path.suffix in _SUFFIXES and path.is_file())
