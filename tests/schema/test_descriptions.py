from typing import Annotated

from kubewright.schema import Doc, Meta, Spec
from kubewright.schema.descriptions import class_description, field_descriptions
from kubewright.schema.types import schema_of


class Base(Spec):
    inherited: str = ""
    """From the base."""


class Documented(Base):
    """A documented class.

    In two paragraphs.
    """

    below: str = ""
    """In a docstring
    of two lines."""
    #: Above, in a comment
    #: of two lines.
    above: str = ""
    beside: str = ""  #: Beside the field.
    plain: str = ""  # an aside to the reader of the code
    doc: Annotated[str, Doc("By PEP 727.")] = ""
    """Not this."""
    meta: Annotated[str, Meta(description="By Meta.")] = ""


def test_reads_docstrings_and_comments() -> None:
    assert class_description(Documented) == "A documented class.\n\nIn two paragraphs."
    assert field_descriptions(Documented) == {
        "inherited": "From the base.",
        "below": "In a docstring\nof two lines.",
        "above": "Above, in a comment\nof two lines.",
        "beside": "Beside the field.",
        "doc": "Not this.",
    }


def test_annotations_win() -> None:
    properties = schema_of(Documented)["properties"]
    assert properties["doc"]["description"] == "By PEP 727."
    assert properties["meta"]["description"] == "By Meta."
    assert "description" not in properties["plain"]


def test_a_class_without_source_has_no_descriptions() -> None:
    namespace: dict[str, object] = {"Spec": Spec}
    exec("class Made(Spec):\n    name: str = ''\n    'Said nowhere.'", namespace)
    made = namespace["Made"]
    assert isinstance(made, type)
    assert field_descriptions(made) == {}
