"""The server's side of admission webhooks: which ones a write goes to, what they are sent, and what follows."""

from kubewright.apiserver.admission.webhooks.mutating import MutatingWebhooks
from kubewright.apiserver.admission.webhooks.validating import ValidatingWebhooks

__all__ = ["MutatingWebhooks", "ValidatingWebhooks"]
