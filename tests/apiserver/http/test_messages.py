"""Warnings reach the client as far as they fit."""

from __future__ import annotations

from kubewright.apiserver.http.messages import shown_warnings


def test_each_warning_is_shown_once() -> None:
    assert shown_warnings(["a", "", "b", "a", "two\nlines"]) == ["a", "b"]


def test_too_many_warnings_are_all_cut_short() -> None:
    texts = [f"{number:04}" + "x" * 396 for number in range(40)]
    assert shown_warnings(texts[:10]) == texts[:10]
    shown = shown_warnings(texts)
    assert {len(text) for text in shown} == {256}
    assert len(shown) == 4096 // 256
