import re
from pathlib import Path

from kubewright.packaging import bundle_rules

PAGE = Path("docs/reference/bundle-rules.md")


def test_every_rule_is_on_the_page_with_its_level() -> None:
    source = Path(bundle_rules.__file__).read_text()
    raised: dict[str, set[str]] = {}
    for level, code in re.findall(r'_(error|warning)\(\s*"(B\d+)"', source):
        raised.setdefault(code, set()).add(level)
    shown = dict(re.findall(r"^\| (B\d+) \| (\w+) \|", PAGE.read_text(), re.MULTILINE))
    assert shown == {code: "both" if len(levels) == 2 else levels.pop() for code, levels in raised.items()}
