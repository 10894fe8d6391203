"""``lookup('kubewright.operator.k8s', kind='ConfigMap', ...)``: objects as they are, for expressions."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from kubewright.ansible.action import plain
from kubewright.ansible.play_api import PlayAPI, Refused
from kubewright.ansible.play_modules import ModuleFailed, lookup

DOCUMENTATION = """
name: k8s
short_description: objects as they are
description: [Takes the arguments of the lookup plugin in kubernetes.core.]
options:
  kind: {description: [of the objects], type: str}
  api_version: {description: [of the kind], type: str, default: v1}
  resource_name: {description: [of one object], type: str}
  namespace: {description: [of the objects], type: str}
  label_selector: {description: [that they match], type: str}
  field_selector: {description: [that they match], type: str}
  cluster_info: {description: [of the cluster instead of objects], type: str, choices: [api_groups, version]}
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **arguments: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=arguments)
        api = PlayAPI()
        try:
            return list(lookup(plain(self.get_options()), api))
        except (ModuleFailed, Refused) as problem:
            raise AnsibleLookupError(str(problem)) from problem
        finally:
            api.close()
