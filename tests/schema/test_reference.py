from __future__ import annotations

from typing import Annotated

from kubewright.objects import to_dict
from kubewright.schema import Column, Meta, Resource, Rule, Spec, Status, custom_resource
from kubewright.schema.crd import crd
from kubewright.schema.reference import reference_page


class Port(Spec):
    number: Annotated[int, Meta(gt=0, le=65535)]


class SiteSpec(Spec):
    """What to serve."""

    image: Annotated[str, Meta(min_length=1)] = "nginx"
    """The image; a | in the text
    stays in its cell."""
    ports: Annotated[list[Port], Meta(list_map_keys=["number"])] = []
    host: Annotated[str, Rule("self != 'localhost'", "may not be local")]


class SiteStatus(Status):
    ready: bool = False


@custom_resource(
    group="web.example.com",
    version="v1",
    short_names=["st"],
    deprecated=True,
    columns=[Column("Ready", ".status.ready")],
)
class Site(Resource[SiteSpec, SiteStatus]):
    """A site."""


PAGE = """\
# Site

| | |
|---|---|
| Group | `web.example.com` |
| Scope | Namespaced |
| Names | `sites`, `site`, `st` |

## web.example.com/v1

> **Deprecated:** web.example.com/v1 Site is deprecated

A site.

### Site

| Field | Type | Constraints | Description |
|---|---|---|---|
| `spec` **(required)** | object |  | What to serve. |
| `status` | object |  |  |

### Site.spec

| Field | Type | Constraints | Description |
|---|---|---|---|
| `host` **(required)** | string | may not be local |  |
| `image` | string | length at least 1; default `nginx` | The image; a \\| in the text stays in its cell. |
| `ports` | list of object | unique by `number` |  |

### Site.spec.ports[]

| Field | Type | Constraints | Description |
|---|---|---|---|
| `number` **(required)** | integer | more than 0; at most 65535 |  |

### Site.status

| Field | Type | Constraints | Description |
|---|---|---|---|
| `ready` | boolean | default `false` |  |

### Columns of `kubectl get` (v1)

| Column | Type | Value |
|---|---|---|
| Ready | string | `.status.ready` |
"""


def test_the_page_tells_all_about_the_kind() -> None:
    assert reference_page(to_dict(crd(Site))) == PAGE
