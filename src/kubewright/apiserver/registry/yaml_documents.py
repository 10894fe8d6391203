"""YAML as kube-apiserver reads and writes it: JSON in another spelling.

Bytes come in, a JSON value goes out, and the other way round.  A module of its own, imported when the first YAML comes:
the library is large, and most clients speak JSON.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from kubewright.apiserver.registry.body import MAX_DEPTH, Repeated
from kubewright.apiserver.registry.yaml_bounds import check_bounds
from kubewright.objects.errors import BadRequest
from kubewright.objects.manifests import Loader
from kubewright.objects.yaml_scalars import is_text


def parse(body: bytes) -> tuple[Any, Repeated]:
    """Decode the first document; what follows it is not even looked at.

    :returns: the value, and the members that occur more than once: the last one counts.
    :raises BadRequest: it is not well-formed.
    """
    try:
        text = body.decode()
        check_bounds(text, max_depth=MAX_DEPTH)
        loader = Loader(text)
        value = loader.get_data()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRequest(f"error converting YAML to JSON: {error}") from None
    return value, Repeated(loader.repeated)


def render(value: Any) -> bytes:
    """A JSON value as YAML, its members sorted."""
    text: str = yaml.dump(value, Dumper=_YamlDumper, sort_keys=True, allow_unicode=True)
    return text.encode()


_STRING: Final = "tag:yaml.org,2002:str"


class _YamlDumper(yaml.CSafeDumper):
    """Quotes whatever the loader would take for something else than text."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        text = kind is not yaml.ScalarNode or not implicit[0] or tag != _STRING or is_text(value)
        return tag if text else ""
