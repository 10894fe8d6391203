from __future__ import annotations

import msgspec
import pytest

from kubewright.objects import from_json, to_json
from kubewright.schema import Meta, Rule, SchemaError, Spec
from kubewright.schema.structural import compile_schema
from kubewright.schema.types import schema_of


class S3(Spec, tag_field="type", tag="s3"):
    bucket: str


class Directory(Spec, tag_field="type", tag="directory"):
    path: str = "/data"


class OtherBucket(Spec, tag_field="type", tag="gcs"):
    bucket: int


class Backup(Spec):
    target: S3 | Directory


def test_members_share_one_object_and_each_tag_admits_its_own_fields() -> None:
    schema = schema_of(S3 | Directory)
    assert schema["properties"] == {
        "type": {"type": "string", "enum": ["s3", "directory"]},
        "bucket": {"type": "string"},
        "path": {"type": "string"},
    }
    assert schema["required"] == ["type"]
    assert schema["oneOf"] == [
        {
            "properties": {"type": {"enum": ["s3"]}},
            "required": ["bucket"],
            "not": {"anyOf": [{"required": ["path"]}]},
        },
        {"properties": {"type": {"enum": ["directory"]}}, "not": {"anyOf": [{"required": ["bucket"]}]}},
    ]


def test_values_are_read_as_the_class_of_their_tag() -> None:
    backup = from_json(Backup, b'{"target":{"type":"s3","bucket":"b"}}')
    assert backup == Backup(target=S3(bucket="b"))
    assert msgspec.json.decode(to_json(backup)) == {"target": {"type": "s3", "bucket": "b"}}


class Numbered(Spec, tag_field="format", tag=1):
    name: str | None = None


@Rule("size(self.name) < 5", "too long")
@Meta(min_length=2)
class Named(Spec, tag_field="format", tag=2):
    name: str | None = None


def test_the_rules_of_a_class_hold_for_its_tag_only() -> None:
    schema = schema_of(Numbered | Named)
    assert schema["properties"]["format"] == {"type": "integer", "enum": [1, 2]}
    assert schema["x-kubernetes-validations"] == [
        {"rule": "self.format != 2 || (size(self.name) < 5)", "message": "too long"}
    ]
    assert [branch.get("minProperties") for branch in schema["oneOf"]] == [None, 2]


def test_a_class_with_a_tag_says_so_by_itself_as_well() -> None:
    schema = schema_of(S3)
    assert schema["properties"]["type"] == {"type": "string", "enum": ["s3"]}
    assert schema["required"] == ["bucket", "type"]


def test_defaults_of_one_class_are_not_filled_into_the_others() -> None:
    schema = compile_schema({"type": "object", "properties": {"target": schema_of(S3 | Directory)}})
    target = {"target": {"type": "s3", "bucket": "b"}}
    schema.default(target)
    assert schema.validate(target) == []


class Untagged(Spec):
    name: str


@Meta(preserve_unknown=True)
class Open(Spec, tag_field="type", tag="open"): ...


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (S3 | Untagged, "need a tag each"),
        (S3 | OtherBucket, "OtherBucket.bucket differs"),
        (S3 | Open, "x-kubernetes-preserve-unknown-fields of Open"),
    ],
)
def test_refuses_unions_that_cannot_be_told_apart(annotation: type, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema_of(annotation)
