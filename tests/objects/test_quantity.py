from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.objects import Quantity

CANONICAL = [
    ("0", "0"),
    ("1000m", "1"),
    ("0.5", "500m"),
    ("1.5Gi", "1536Mi"),
    ("1024", "1024"),
    ("1000", "1k"),
    ("1Ki", "1Ki"),
    ("1023Ki", "1023Ki"),
    ("1024Ki", "1Mi"),
    ("0.5Ki", "512"),
    ("0.001Ki", "1024m"),
    ("1.0000001Ki", "1024000102400n"),
    ("12e6", "12e6"),
    ("1E3", "1e3"),
    ("1E", "1E"),
    ("1e-12", "1e-9"),
    ("0.1n", "1n"),
    ("-5m", "-5m"),
    ("+3", "3"),
    (".5", "500m"),
    ("5.", "5"),
    ("100000000", "100M"),
    ("9999999999999999999999", "9223372036854775807"),
]


@pytest.mark.parametrize(("text", "canonical"), CANONICAL)
def test_writes_the_canonical_form(text: str, canonical: str) -> None:
    assert str(Quantity(text)) == canonical


@pytest.mark.parametrize("text", ["", "1.5.2", "Ki", "1 Gi", "1Kib", "1K", "abc", "--1", "1ki"])
def test_refuses_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantit"):
        Quantity(text)


def test_equality_and_order_are_numeric() -> None:
    assert Quantity("1000m") == Quantity("1") == Quantity(1)
    assert hash(Quantity("1Gi")) == hash(Quantity("1024Mi"))
    assert Quantity("100m") < Quantity("1") < Quantity("1k") < Quantity("1Ki")


def test_arithmetic_is_exact_and_keeps_the_format() -> None:
    assert str(Quantity("1Gi") + Quantity("512Mi")) == "1536Mi"
    assert str(Quantity("100m") * 3) == "300m"
    assert str(Quantity("0") + Quantity("2Ki")) == "2Ki"
    assert Quantity("0.1") + Quantity("0.2") == Quantity("0.3")
    assert -Quantity("2") == Quantity("1") - Quantity("3")


def test_whole_and_milli_values_round_up() -> None:
    assert Quantity("1500m").value == 2
    assert Quantity("1.5").milli_value == 1500
    assert Quantity("1u").milli_value == 1
    assert Quantity("1u").exact == Fraction(1, 1_000_000)


@given(st.integers(-(2**50), 2**50), st.sampled_from(["n", "u", "m", "", "k", "M", "Ki", "Mi", "e3", "e-6"]))
def test_canonical_text_reads_back_as_the_same_amount(number: int, suffix: str) -> None:
    quantity = Quantity(f"{number}{suffix}")
    assert Quantity(str(quantity)) == quantity
    assert str(Quantity(str(quantity))) == str(quantity)
