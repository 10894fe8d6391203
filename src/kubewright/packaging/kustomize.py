"""The kustomize tree: a base, one component for every option, and an overlay that puts them together.

    base/                    namespace, CRDs, RBAC, manager
    components/webhook/ ...  what an overlay may add
    overlays/default/        base and the components that the operator was packaged with
    overlays/NAME/           the user's own, which build on that

Nothing has to be uncommented and nothing is patched by index: leaving a component out is leaving out a line.
"""

from __future__ import annotations

from kubewright.objects.manifests import dump, dump_all
from kubewright.packaging.graph import COMPONENTS, build
from kubewright.packaging.manifest import Object, OperatorManifest

BASE = ("namespace", "crd", "rbac", "manager")
OPTIONAL = frozenset({"prometheus", "network-policy", "policy"})
"""Components that need something of the cluster, or restrict it; the default overlay leaves them out."""

GENERATED = ("base", "components", "overlays/default", "samples")
"""The folders of the tree that are written anew each time; whatever else is in it is the user's."""


def kustomize_tree(manifest: OperatorManifest) -> dict[str, str]:
    """The files of the tree, by path."""
    components = build(manifest)
    files: dict[str, str] = {}
    for crd in components.get("crd", ()):
        files[f"base/crd/{crd['metadata']['name']}.yaml"] = dump(crd)
    for name in BASE:
        if name != "crd" and name in components:
            files[f"base/{name}.yaml"] = dump_all(components[name])
    files["base/kustomization.yaml"] = dump(_kustomization("Kustomization", sorted(_below(files, "base/"))))
    extra = [name for name in COMPONENTS if name in components and name not in BASE]
    for name in extra:
        files[f"components/{name}/{name}.yaml"] = dump_all(components[name])
        files[f"components/{name}/kustomization.yaml"] = dump(_kustomization("Component", [f"{name}.yaml"]))
    overlay = _kustomization("Kustomization", ["../../base"])
    overlay["components"] = [f"../../components/{name}" for name in extra if name not in OPTIONAL]
    files["overlays/default/kustomization.yaml"] = dump(overlay)
    if manifest.samples:
        for sample in manifest.samples:
            files[f"samples/{sample['kind'].lower()}-{sample['metadata']['name']}.yaml"] = dump(sample)
        files["samples/kustomization.yaml"] = dump(_kustomization("Kustomization", sorted(_below(files, "samples/"))))
    return files


def install_yaml(manifest: OperatorManifest) -> str:
    """One file with everything that the default overlay installs."""
    components = build(manifest)
    return dump_all(obj for name in COMPONENTS if name not in OPTIONAL for obj in components.get(name, ()))


def _kustomization(kind: str, resources: list[str]) -> Object:
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    return {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind, "resources": resources}


def _below(files: dict[str, str], folder: str) -> list[str]:
    return [path.removeprefix(folder) for path in files if path.startswith(folder)]
