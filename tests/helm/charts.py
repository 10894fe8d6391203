"""Charts for the tests: written as texts, so that each test shows what matters to it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import yaml

CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  message: {{ .Values.message | quote }}
"""


def write_chart(
    folder: Path,
    templates: dict[str, str] | None = None,
    *,
    values: dict[str, Any] | None = None,
    schema: dict[str, Any] | None = None,
    crds: dict[str, str] | None = None,
    version: str = "0.1.0",
) -> Path:
    """A chart called ``web`` below ``folder``."""
    root = folder / "web"
    files = {
        "Chart.yaml": yaml.safe_dump({"apiVersion": "v2", "name": "web", "version": version}),
        "values.yaml": yaml.safe_dump({"message": "hello"} if values is None else values),
        **{f"templates/{name}": text for name, text in (templates or {"map.yaml": CONFIG_MAP}).items()},
        **{f"crds/{name}": text for name, text in (crds or {}).items()},
    }
    if schema is not None:
        files["values.schema.json"] = json.dumps(schema)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return root


def hook(name: str, events: str, *, weight: int = 0, policy: str = "", succeed: bool = True, kind: str = "Job") -> str:
    """A hook that is a Job, or a ConfigMap."""
    annotations = {"helm.sh/hook": events, "helm.sh/hook-weight": str(weight)}
    if policy:
        annotations["helm.sh/hook-delete-policy"] = policy
    metadata = {"name": name, "annotations": annotations}
    if kind == "ConfigMap":
        return yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    exit_code = {"kubewright.dev/exit-code": "0" if succeed else "1"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "busybox"}]}
    spec = {"backoffLimit": 0, "template": {"metadata": {"annotations": exit_code}, "spec": pod}}
    return yaml.safe_dump({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
