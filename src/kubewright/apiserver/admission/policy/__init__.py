"""ValidatingAdmissionPolicies and MutatingAdmissionPolicies: CEL that the server itself asks about every write."""

from kubewright.apiserver.admission.policy.mutating import MutatingPolicies
from kubewright.apiserver.admission.policy.validating import ValidatingPolicies

__all__ = ["MutatingPolicies", "ValidatingPolicies"]
