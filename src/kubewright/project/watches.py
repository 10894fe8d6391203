"""``watches.yaml`` of a project without Python, as far as scaffolding knows it: a list with one entry a kind."""

from __future__ import annotations

import yaml

from kubewright.objects.manifests import Dumper
from kubewright.project.settings import WATCHES, ProjectError


def with_watch(text: str, group: str, version: str, kind: str, how: dict[str, str]) -> str:
    """The file with an entry for one more kind; what stands in it stays as it is written.

    :param how: what reconciles the kind: a chart, a role or a playbook.
    :raises ProjectError: there is an entry for the kind already.
    """
    for entry in yaml.safe_load(text) or ():
        if (entry.get("group"), entry.get("kind")) == (group, kind):
            raise ProjectError(f"{WATCHES} has an entry for {kind} already; nothing was written")
    return text + yaml.dump([{"group": group, "version": version, "kind": kind, **how}], Dumper=Dumper, sort_keys=False)
