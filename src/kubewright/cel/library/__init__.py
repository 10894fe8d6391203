"""The function libraries that Kubernetes adds to standard CEL, one a module, each a list of overloads."""

from kubewright.cel.functions import Overload
from kubewright.cel.library import (
    authorizer,
    formats,
    jsonpatch,
    lists,
    networks,
    optionals,
    quantities,
    regexes,
    semvers,
    sets,
    strings,
    urls,
)

OVERLOADS: list[Overload] = [
    overload
    for library in (
        authorizer, formats, jsonpatch, lists, networks, optionals, quantities, regexes, semvers, sets, strings, urls,
    )
    for overload in library.OVERLOADS
]  # fmt: skip
