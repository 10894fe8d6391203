"""A chart's way into a project: fetched, copied below ``helm-charts``, and named in ``watches.yaml`` with a sample.

A reference as Helm takes it (folder, archive, URL, ``oci://``, or a name in a repository) goes in; texts by path come
out, and only :func:`copy_chart` writes.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import helm_python
import yaml

from kubewright.helm.engine import ChartError
from kubewright.objects.manifests import dump
from kubewright.project.create import Api
from kubewright.project.scaffold import Files
from kubewright.project.settings import WATCHES, Project
from kubewright.project.watches import with_watch

CHARTS = "helm-charts"
GROUP, VERSION = "charts", "v1alpha1"
"""Of kinds that are not given others, as operator-sdk has them."""


def fetch_chart(reference: str, scratch: Path, *, repo: str = "", version: str = "") -> Path:
    """The folder of a chart, with its dependencies.

    :param scratch: a folder to unpack to; what is already a folder is copied there, too.
    :param repo: the URL of the repository that ``reference`` is a name in.
    :raises ChartError: there is no such chart, or its dependencies can't be had.
    """
    local = Path(reference)
    if not (local.exists() or repo or "/" in reference):
        raise ChartError(f"there is no folder or archive {reference}; for a chart in a repository add --repo URL")
    try:
        if local.is_dir():
            folder = scratch / local.resolve().name
            shutil.copytree(local, folder)
        else:
            archive = local if local.is_file() else _pull(reference, scratch, repo, version)
            helm_python.expand(scratch / "unpacked", archive)
            (folder,) = (scratch / "unpacked").iterdir()
        with helm_python.Chart.load(folder) as chart:
            wanted = {one["name"] for one in chart.metadata.get("dependencies") or ()}
            missing = wanted - {one["name"] for one in chart.dependencies}
        if missing:
            fetch = helm_python.dependency_build if (folder / "Chart.lock").is_file() else helm_python.dependency_update
            fetch(folder)
    except helm_python.HelmError as error:
        raise ChartError(f"{reference}: {str(error).strip()}") from error
    return folder


def new_chart(name: str, scratch: Path) -> Path:
    """The chart that ``helm create`` makes.

    :raises ChartError: the name can't be a chart's.
    """
    try:
        helm_python.Chart.create(name, scratch).close()
    except helm_python.HelmError as error:
        raise ChartError(str(error)) from error
    return scratch / name


def kind_of(chart: Path) -> str:
    """A kind's name from a chart's: ``my-nginx`` gives ``MyNginx``."""
    words = re.split(r"[^A-Za-z0-9]+", str(_metadata(chart)["name"]))
    return "".join(word[:1].upper() + word[1:] for word in words)


def chart_files(project: Project, api: Api, chart: Path, watches: str) -> Files:
    """The texts that make a chart's kind: its entry in ``watches.yaml``, and a sample with the chart's own values.

    :param watches: ``watches.yaml`` as it is.
    :raises ProjectError: the project has such a kind, sample or chart already.
    """
    name, group = str(_metadata(chart)["name"]), api.full_group(project)
    place, sample = f"{CHARTS}/{name}", f"config/samples/{api.module}.yaml"
    project.refuse_existing((place, sample))
    head = {
        "apiVersion": f"{group}/{api.version}",
        "kind": api.kind,
        "metadata": {"name": f"{api.kind.lower()}-sample"},
    }
    return {
        WATCHES: with_watch(watches, group, api.version, api.kind, {"chart": place}),
        sample: dump(head) + _spec(chart),
    }


def copy_chart(project: Project, chart: Path) -> str:
    """Put a chart into the project; returns where."""
    place = f"{CHARTS}/{_metadata(chart)['name']}"
    shutil.copytree(chart, project.root / place)
    return place


def _pull(reference: str, scratch: Path, repo: str, version: str) -> Path:
    helm_python.pull(reference, destination=scratch, repo_url=repo or None, version=version or None)
    found = next(scratch.glob("*.tgz"), None)
    if found is None:
        raise ChartError(f"{reference} gave no archive")
    return found


def _spec(chart: Path) -> str:
    """The values as their author wrote them, comments included."""
    path = chart / "values.yaml"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return f"spec:\n{textwrap.indent(text, '  ')}" if yaml.safe_load(text) else "spec: {}\n"


def _metadata(chart: Path) -> dict[str, object]:
    metadata: dict[str, object] = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    return metadata
