"""How a patch that cannot be carried out is answered."""

from __future__ import annotations

from kubewright.objects.errors import Invalid


def unprocessable() -> Invalid:
    """422 with the sentence that kube-apiserver gives whatever the reason: it keeps the reason to itself."""
    return Invalid("the server rejected our request due to an error in our request", details={})
