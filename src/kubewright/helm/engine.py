"""Helm's own engine, through helm-python-sdk: charts are loaded and rendered by the code that Helm itself runs.

A chart's place goes in and a `Chart` comes out, values and a release's name go in and texts by template path come out.
Nothing here talks to a cluster; but for fetching charts (`scaffold.py`) nothing else
imports the SDK.  Rendering takes a millisecond or two.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kubewright.helm.manifests import Raw, Rendered, rendered

try:
    import helm_python
    from helm_python import _native
except ImportError as error:  # an extra: only those who have charts need Helm's engine
    raise ImportError("operators made of Helm charts need: pip install 'kubewright[helm]'") from error

Values = dict[str, Any]


class ChartError(ValueError):
    """A chart that cannot be loaded or rendered, or values that it refuses; the text is Helm's."""


class Capabilities(NamedTuple):
    """What ``.Capabilities`` tells templates of the cluster; empty means Helm's defaults."""

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


_DEFAULTS = Capabilities()


class Chart:
    """A chart, loaded once and rendered often.

    :raises ChartError: there is no usable chart at ``path``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _blaming(str(path)):
            self._native = helm_python.Chart.load(path)
            self.metadata: Values = self._native.metadata
            self.values: Values = self._native.values or {}
            self.schema: Values | None = self._native.schema
            self._crds = [one["data"] for one in self._native.crds]
        missing = {one["name"] for one in self.metadata.get("dependencies") or ()} - {
            one["name"] for one in self._native.dependencies
        }
        if missing:
            raise ChartError(
                f"{path}: charts/ lacks {', '.join(sorted(missing))}: `helm dependency build` fetches them"
            )

    @property
    def name(self) -> str:
        return str(self.metadata.get("name", ""))

    @property
    def version(self) -> str:
        return str(self.metadata.get("version", ""))

    def definitions(self) -> list[Raw]:
        """What is in ``crds/``, of the chart and its dependencies."""
        return [one for text in self._crds for one in yaml.safe_load_all(text) if one]

    @cached_property
    def stored(self) -> Values:
        """The chart as a release's record holds it."""
        return {
            "metadata": self.metadata,
            "lock": None,
            "templates": [_file(one) for one in self._native.templates],
            "values": self.values,
            "schema": None if self.schema is None else base64.b64encode(json.dumps(self.schema).encode()).decode(),
            "files": [_file(one) for one in self._native.files],
        }

    @cached_property
    def digest(self) -> str:
        """Changes with everything that rendering depends on, dependencies included."""
        made = hashlib.sha256()
        paths = [self.path] if self.path.is_file() else sorted(p for p in self.path.rglob("*") if p.is_file())
        for path in paths:
            made.update(f"{path.relative_to(self.path.parent)}\0".encode())
            made.update(hashlib.sha256(path.read_bytes()).digest())
        return made.hexdigest()

    def mentions(self, word: str) -> bool:
        """Whether a template of the chart or of its dependencies contains a word."""
        paths = [self.path] if self.path.is_file() else [p for p in self.path.rglob("*") if p.is_file()]
        return any(word.encode() in content for path in paths for content in _contents(path))

    def render(
        self,
        values: Values,
        *,
        name: str,
        namespace: str,
        revision: int = 1,
        upgrade: bool = False,
        capabilities: Capabilities = _DEFAULTS,
        lookup: Mapping[str, Any] | None = None,
    ) -> Rendered:
        """Fill in the values.

        :param revision: ``.Release.Revision``.
        :param upgrade: whether it is an upgrade rather than an installation.
        :param lookup: how to reach a cluster for the template function ``lookup``: parameters of the SDK's ``Config``;
            without it every lookup finds nothing.
        :raises ChartError: the values don't satisfy the chart's schema, or a template fails.
        :raises ManifestError: a template gives something other than objects.
        """
        options: Values = {
            "name": name,
            "namespace": namespace,
            "revision": revision,
            "is_install": not upgrade,
            "is_upgrade": upgrade,
        }
        if capabilities.kube_version:
            options["kube_version"] = capabilities.kube_version
        if capabilities.api_versions:
            options["api_versions"] = list(capabilities.api_versions)
        # The SDK's own method knows neither of the capabilities, though the library below it does.
        with _blaming(self.name):
            arguments = (self._native._raw(), json.dumps(values), json.dumps(options))
            if lookup is None:
                texts = _native.call_string("helm_render", *arguments)
            else:
                with helm_python.Config(namespace=namespace, **lookup) as config:
                    texts = _native.call_string("helm_render_with_config", config._raw(), *arguments)
        return rendered(json.loads(texts), self.name)


def parse_override(path: str, value: str) -> Values:
    """``a.b=c`` as ``helm --set`` reads it: numbers and booleans are told by their looks.

    :raises ChartError: the path is none.
    """
    with _blaming(path):
        return helm_python.parse_set_string(f"{path}={value}")


def expand_template(text: str) -> str:
    """Run ``{{ ... }}`` in a text, with the functions that charts have.

    :raises ChartError: the template fails.
    """
    if "{{" not in text:
        return text
    files = {"e/Chart.yaml": "apiVersion: v2\nname: e\nversion: 0.0.0\n", "e/templates/NOTES.txt": text}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            tar.addfile(member, io.BytesIO(content.encode()))
    with _blaming(repr(text)), helm_python.Chart.load_archive(archive.getvalue()) as chart:
        return chart.render({}, name="e", namespace="e")["e/templates/NOTES.txt"]


def _file(one: Mapping[str, str]) -> Values:
    return {"name": one["name"], "data": base64.b64encode(one["data"].encode()).decode()}


def _contents(path: Path) -> Iterator[bytes]:
    if path.suffix not in (".tgz", ".gz"):
        yield path.read_bytes()
        return
    with tarfile.open(path) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                yield file.read()


@contextmanager
def _blaming(what: str) -> Iterator[None]:
    try:
        yield
    except helm_python.HelmError as error:
        raise ChartError(f"{what}: {str(error).strip()}") from error
