"""One graph of an operator's objects, written as a kustomize tree, an install file, a Helm chart or an OLM bundle."""

from kubewright.packaging.chart import helm_chart
from kubewright.packaging.kustomize import install_yaml, kustomize_tree
from kubewright.packaging.manifest import Maintainer, ManifestError, OperatorManifest

__all__ = ["Maintainer", "ManifestError", "OperatorManifest", "helm_chart", "install_yaml", "kustomize_tree"]
