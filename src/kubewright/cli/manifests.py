"""Reading manifests: files, folders and standard input, YAML and JSON, one or many documents each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

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
        metadata = self.obj.get("metadata") or {}
        return f"{self.obj.get('kind', '?')}/{metadata.get('name') or metadata.get('generateName') or '?'}"


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: what looks like a date is text."""


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


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
                yield from _documents(str(file), file.read_text())
    else:
        try:
            text = Path(path).read_text()
        except OSError as error:
            raise ManifestError(f"{path}: {error.strerror}") from None
        yield from _documents(path, text)


def _documents(source: str, text: str) -> Iterator[Manifest]:
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise ManifestError(f"{source}: {error}") from None
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ManifestError(f"{source}: a Kubernetes object is a mapping, not {type(document).__name__}")
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            yield from (Manifest(source, item) for item in document["items"])
        else:
            yield Manifest(source, document)
