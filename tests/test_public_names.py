"""What the package and its rooms hand on exists, is documented, and is all of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import kubewright

ROOMS = [
    "kubewright",
    *(
        f"kubewright.{one.name}"
        for one in pkgutil.iter_modules(kubewright.__path__)
        if one.ispkg and any(pkgutil.iter_modules([f"{kubewright.__path__[0]}/{one.name}"]))
    ),
]
EXPORTS = [
    pytest.param(room, name, id=f"{room}.{name}")
    for room in ROOMS
    for name in getattr(importlib.import_module(room), "__all__", ())
]


@pytest.mark.parametrize(("room", "name"), EXPORTS)
def test_a_public_name_exists_and_is_documented(room: str, name: str) -> None:
    value = getattr(importlib.import_module(room), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value), f"{room}.{name} has no docstring"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for(room: str) -> None:
    assert importlib.import_module(room).__doc__


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_listed_once(room: str) -> None:
    names = list(getattr(importlib.import_module(room), "__all__", ()))
    assert len(names) == len(set(names))
