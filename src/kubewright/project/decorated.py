"""Finding in a module's syntax tree what the operator's decorators say.

Plain look-ups: libcst's matchers would do it as well, and take longer to load than all of `kubewright create`.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst


def decorators(tree: cst.Module) -> Iterator[cst.Decorator]:
    """Those of a module's functions and classes."""
    for statement in tree.body:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            yield from statement.decorators


def declaration(decorator: cst.Decorator, purpose: str, kind: str = "") -> cst.Call | None:
    """The call in ``@op.PURPOSE(KIND, ...)``, of any kind by default; None where the decorator is another one."""
    call = decorator.decorator
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call.func.attr.value != purpose:
        return None
    first = call.args[0].value if call.args else None
    if kind and not (isinstance(first, cst.Name) and first.value == kind):
        return None
    return call
