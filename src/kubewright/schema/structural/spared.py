"""What an update of a definition may leave as it is, though it would not be let in anew.

Rules have become stricter in the course of time; what is stored by the older ones can still be written, as in
``ValidateCustomResourceDefinitionUpdate`` of the apiextensions-apiserver.
"""

from __future__ import annotations

from typing import NamedTuple


class Spared(NamedTuple):
    """Which checks of a schema are passed over: the old definition fails them.

    :param types: that types are OpenAPI's.
    :param unpruned_defaults: that defaults have no unknown fields.
    :param composite_sets: that the items of sets are atomic.
    :param nullable_keys: that the keys of map lists are there, and that neither they nor the items of sets are null.
    :param rule_costs: how much one rule can cost; so where a version's schema stays what it was.
    """

    types: bool = False
    unpruned_defaults: bool = False
    composite_sets: bool = False
    nullable_keys: bool = False
    rule_costs: bool = False


NOTHING_SPARED = Spared()
