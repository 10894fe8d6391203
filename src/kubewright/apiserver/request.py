"""What is known of a request before its body is read: who asks, and what is asked of which resource.

`http/` fills these in, authorization, admission, audit and the registry read them.  The split of a URL path
follows ``k8s.io/apiserver/pkg/endpoints/request`` (``RequestInfo``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class UserInfo:
    """An authenticated identity."""

    name: str
    groups: Sequence[str] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The ``authentication.k8s.io/v1`` UserInfo object."""
        info: dict[str, object] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


ANONYMOUS = UserInfo("system:anonymous", ("system:unauthenticated",))


class RequestInfo(NamedTuple):
    """A request's verb and target in RBAC's terms.

    ``verb`` is get, list, watch, create, update, patch, delete, deletecollection or proxy for resources, the lower-case
    HTTP method for other paths; ``cluster`` is the logical cluster (empty for the default one).
    """

    verb: str
    path: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    cluster: str = ""
