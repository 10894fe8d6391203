from kubewright.schema.structural.formats import supported_format, unrecognized_formats


def test_a_format_counts_only_for_its_type() -> None:
    assert supported_format("string", "date-time") == "date-time"
    assert supported_format("string", "int32") == ""
    assert supported_format("integer", "int32") == "int32"
    assert supported_format("object", "date") == ""


def test_formats_that_are_not_checked_are_found_at_any_depth() -> None:
    items = {"type": "array", "items": {"type": "string", "format": "odd"}}
    raw = {"type": "object", "properties": {"a": items, "b": {"type": "integer", "format": "int8"}}}
    assert list(unrecognized_formats(raw)) == ["odd", "int8"]
    assert list(unrecognized_formats({"type": "string", "format": "date-time"})) == []
