"""``jsonpatch.escapeKey``: a key as it stands in the path of a JSON patch."""

from __future__ import annotations

from kubewright.cel.functions import Overload
from kubewright.cel.types import STRING

OVERLOADS: list[Overload] = [
    Overload("jsonpatch.escapeKey", [STRING], STRING, lambda key: key.replace("~", "~0").replace("/", "~1")),
]
