"""Somebody else's custom resources that an operator watches or owns, on clusters where nobody else installs them.

On a real cluster their definitions come from whoever they belong to; on an embedded one they are made from the classes.
"""

from __future__ import annotations

from kubewright.client import Client
from kubewright.manager.crds import definitions, install
from kubewright.operator import Operator
from kubewright.schema import Resource


async def install_foreign(client: Client, operator: Operator) -> None:
    """Install what the operator uses and does not bring.

    :raises Invalid: the server refuses a definition.
    """
    used = [cls for one in operator.reconciliations for cls in (one.cls, *one.owns, *one.watches)]
    foreign = dict.fromkeys(cls for cls in used if issubclass(cls, Resource) and cls not in operator.resources)
    await install(client, definitions(list(foreign)), field_manager="kubewright-foreign")
