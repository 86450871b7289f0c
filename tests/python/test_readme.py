"""The README says the same in both languages: what is no prose is equal, in one order."""

import re
from pathlib import Path

import pytest

CODE = re.compile(r"```.*?```", re.DOTALL)
LANGUAGES = {"README.md", "README.zh-CN.md"}


def without_code(text: str) -> str:
    return CODE.sub("", text)


def outline(text: str) -> list[str]:
    """Levels of the headings, in order, and the code that they bear."""
    lines = re.findall(r"^(#+) (.*)$", without_code(text), re.MULTILINE)
    return [" ".join([level, *re.findall(r"`[^`]+`", words)]) for level, words in lines]


def links(text: str) -> list[str]:
    """Where links lead, but to the other language."""
    found = re.findall(r"\]\(([^)]+)\)", without_code(text))
    return sorted(link for link in found if link not in LANGUAGES)


def tables(text: str) -> list[tuple[str, int]]:
    """First cells that are code or numbers, and how many cells each row has."""
    rows = re.findall(r"^\|.*\|$", without_code(text), re.MULTILINE)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [(row[0] if re.match(r"[`\d-]", row[0]) else "", len(row)) for row in cells]


def code(text: str) -> list[str]:
    """Blocks, and words of code within the prose, each once a block or section."""
    return [*CODE.findall(text), *sorted(set(re.findall(r"`([^`\n]+)`", without_code(text))))]


def bullets(text: str) -> int:
    return len(re.findall(r"^\* ", text, re.MULTILINE))


@pytest.mark.parametrize("aspect", [outline, links, tables, code, bullets])
def test_both_languages_have_the_same(root: Path, aspect: object) -> None:
    assert callable(aspect)
    english, chinese = (aspect((root / name).read_text("utf-8")) for name in sorted(LANGUAGES))
    assert english == chinese


def test_each_language_leads_to_the_other(root: Path) -> None:
    for here, there in (sorted(LANGUAGES), sorted(LANGUAGES, reverse=True)):
        assert f"]({there})" in (root / here).read_text("utf-8")


def test_a_row_that_one_language_lacks_is_seen() -> None:
    one = "# a\n\n| x | y |\n|---|---|\n| `b` | c |\n| `d` | [e](f) |\n\n* `g`\n"
    other = one.replace("| `d` | [e](f) |\n", "").replace("* `g`\n", "")
    for aspect in (links, tables, code, bullets):
        assert aspect(one) != aspect(other)
    assert outline(one) != outline("## a")
