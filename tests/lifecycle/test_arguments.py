from typing import Any

import pytest
from tests.lifecycle.site import Site, SiteSpec, site

from kubewright.lifecycle.arguments import Arguments

BLOG = site(labels={"app": "blog"})


def test_a_function_gets_what_it_names_and_no_more() -> None:
    def function(spec: SiteSpec, name: str, labels: dict[str, str], *, old: Any, missing: int = 7) -> None: ...

    values = Arguments(function, Site, ["old"]).of(BLOG, old=1, new=2)
    assert values == {"spec": BLOG.spec, "name": "blog", "labels": {"app": "blog"}, "old": 1}


def test_a_parameter_annotated_with_the_kind_gets_the_object() -> None:
    def function(blog: Site) -> None: ...

    assert Arguments(function, Site).of(BLOG) == {"blog": BLOG}


def test_a_name_that_stands_for_nothing_is_refused() -> None:
    def function(sepc: Any) -> None: ...

    with pytest.raises(TypeError, match="asks for 'sepc'; there are only: obj, spec, status"):
        Arguments(function, Site)


def test_further_keywords_stay_empty() -> None:
    def function(name: str, **_: Any) -> None: ...

    assert Arguments(function, Site).of(BLOG) == {"name": "blog"}
