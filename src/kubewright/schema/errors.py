"""What is wrong with a type that can't become a custom resource's schema."""

from __future__ import annotations


class SchemaError(TypeError):
    """A type, constraint or default that a structural schema can't express.

    :param where: the class and field, as ``WebsiteSpec.host``.
    :param problem: what is wrong.
    :param fix: what to write instead.
    """

    def __init__(self, where: str, problem: str, fix: str = "") -> None:
        super().__init__(f"{where}: {problem}" + (f"; {fix}" if fix else ""))
        self.where = where
        self.problem = problem
        self.fix = fix
