from kubewright.schema.structural.formats import supported_format


def test_a_format_counts_only_for_its_type() -> None:
    assert supported_format("string", "date-time") == "date-time"
    assert supported_format("string", "int32") == ""
    assert supported_format("integer", "int32") == "int32"
    assert supported_format("object", "date") == ""
