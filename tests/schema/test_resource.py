from __future__ import annotations

import pytest

from kubewright.schema import Resource, SchemaError, Spec, custom_resource


@pytest.mark.parametrize(
    ("group", "version", "problem"),
    [("Example.com", "v1", "API group"), ("example", "v1", "API group"), ("example.com", "1", "API version")],
)
def test_a_name_that_the_api_server_would_refuse_is_refused(group: str, version: str, problem: str) -> None:
    class Site(Resource[Spec, None]): ...

    with pytest.raises(SchemaError, match=f"Site: .* is no {problem}"):
        custom_resource(group=group, version=version)(Site)
