"""Reading manifests: files, folders and standard input, YAML and JSON, one or many documents each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kubewright.objects.manifests import load_all

_SUFFIXES = (".yaml", ".yml", ".json")


class ManifestError(ValueError):
    """A file that can't be read as Kubernetes objects; the text names it."""


class Manifest(NamedTuple):
    """One object and the file it comes from."""

    source: str
    obj: dict[str, Any]

    @property
    def name(self) -> str:
        """``KIND/NAME``, as far as the object says."""
        metadata = self.obj.get("metadata")
        names = metadata if isinstance(metadata, dict) else {}
        return f"{self.obj.get('kind', '?')}/{names.get('name') or names.get('generateName') or '?'}"


def read_manifests(paths: Iterable[str]) -> list[Manifest]:
    """All objects in some files, in folders at any depth, or on standard input (``-``); lists are taken apart.

    :raises ManifestError: a file is missing, or holds no objects.
    """
    return [manifest for path in paths for manifest in _read(path)]


def _read(path: str) -> Iterator[Manifest]:
    if path == "-":
        yield from _documents("standard input", sys.stdin.read())
    elif Path(path).is_dir():
        for file in sorted(Path(path).rglob("*")):
            if file.suffix in _SUFFIXES and file.stem != "kustomization":
                yield from _documents(str(file), _text_of(file))
    else:
        yield from _documents(path, _text_of(Path(path)))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ManifestError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{file}: is no text in UTF-8 ({error.reason} at byte {error.start})") from None


def _documents(source: str, text: str) -> Iterator[Manifest]:
    try:
        documents, repeated = load_all(text)
    except yaml.YAMLError as error:
        raise ManifestError(f"{source}: {error}") from None
    if repeated:
        raise ManifestError(f"{source}: {repeated[0]}")
    for document in documents:
        if document is None:
            continue
        listed = isinstance(document, dict) and str(document.get("kind", "")).endswith("List")
        items = document.get("items") if listed else None
        for obj in items if isinstance(items, list) else [document]:
            if not isinstance(obj, dict):
                raise ManifestError(f"{source}: a Kubernetes object is a mapping, not {type(obj).__name__}")
            yield Manifest(source, obj)
