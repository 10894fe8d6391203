from __future__ import annotations

import msgspec
import pytest

from kubewright.objects import from_json, to_json
from kubewright.schema import SchemaError, Spec
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
        "path": {"type": "string", "default": "/data"},
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


class Untagged(Spec):
    name: str


@pytest.mark.parametrize(
    ("annotation", "words"), [(S3 | Untagged, "need a tag each"), (S3 | OtherBucket, "OtherBucket.bucket differs")]
)
def test_refuses_unions_that_cannot_be_told_apart(annotation: type, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema_of(annotation)
