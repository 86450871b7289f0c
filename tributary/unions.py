"""Finds unions whose columns stand in another order on Spark than on DuckDB.

Spark puts the column by which a table is partitioned last, which of a table kept by day is its day.
`select *` of such a table, in a union that goes by place, therefore puts a day under another
column's name there, and is right here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TEMPLATE = r"\{\{[^{}]*\}\}"
_NAME = rf"(?:[\w.]|{_TEMPLATE})+"
_CTE = re.compile(rf"({_NAME})\s+as\s+(?:(?:not\s+)?materialized\s+)?\(", re.I)
_SET_OPERATION = re.compile(r"\b(?:union|except|intersect)\b(?:\s+(?:all|distinct))?", re.I)
_BY_NAME = re.compile(r"\s+by\s+name\b", re.I)
_SELECT = re.compile(r"\bselect\b(?:\s+distinct\b)?(.*?)\bfrom\b", re.I | re.S)
_STAR = re.compile(rf"(?:^|,)\s*(?:{_NAME}\.)?\*\s*(?:$|,|exclude\b|replace\b)", re.I)
_RELATION = re.compile(rf"\b(?:from|join)\s+(\(|{_NAME})", re.I)
_REF = re.compile(r"\bref\(([^()]*)\)")
_KEPT = re.compile(r"materialized\s*=\s*'by_day'")


@dataclass(frozen=True)
class _Query:
    """A select, or several of them with set operations between, without the CTEs before it.

    Attributes:
        start: where it begins in its file.
        branches: each select, with where it begins and whether it is matched by place.
    """

    start: int
    branches: list[tuple[int, str, bool]]


def kept_in_order(models: Mapping[str, str]) -> set[str]:
    """Models whose columns stand as in a table kept by day: such tables, and `select *` of them.

    Args:
        models: the SQL of each model, without comments.
    """
    kept = {name for name, text in models.items() if _KEPT.search(text)}
    found = kept
    while True:
        more = {
            name
            for name, text in models.items()
            if name not in found and _Sql(text, found).shows_kept(-1)
        }
        if not more:
            return found
        found |= more


def swapped_unions(text: str, kept: set[str]) -> Iterator[int]:
    """Where, in SQL without comments, `select *` of a model in `kept` is united by place."""
    sql = _Sql(text, kept)
    for query in sql.queries():
        for start, branch, is_by_place in query.branches:
            if is_by_place and sql.is_star_of_kept(start, branch):
                yield start + len(branch) - len(branch.lstrip())


class _Sql:
    """One file: what its parentheses enclose, and which of them are CTEs."""

    def __init__(self, text: str, kept: set[str]) -> None:
        self.text = re.sub(r"\{%.*?%\}", lambda match: " " * len(match.group()), text, flags=re.S)
        self.kept = kept
        self.ends = self._ends()
        self.ctes = {
            " ".join(match.group(1).split()): match.end() - 1
            for match in _CTE.finditer(self.text)
            if match.end() - 1 in self.ends
        }

    def _ends(self) -> dict[int, int]:
        """Of each opening parenthesis outside of templates, its closing one."""
        ends, opened = {}, []
        for match in re.finditer(rf"{_TEMPLATE}|'[^']*'|[()]", self.text):
            if match.group() == "(":
                opened.append(match.start())
            elif match.group() == ")" and opened:
                ends[opened.pop()] = match.start()
        return ends

    def queries(self) -> Iterator[_Query]:
        """What each pair of parentheses encloses, and the file itself."""
        yield self.query(-1, len(self.text))
        for start, end in self.ends.items():
            yield self.query(start, end)

    def query(self, start: int, end: int) -> _Query:
        """What lies between two places; what is enclosed within is blanked out."""
        flat = list(self.text[start + 1 : end])
        for inner, inner_end in self.ends.items():
            if start < inner < end:
                for place in range(inner + 1, inner_end):
                    flat[place - start - 1] = " "
        shown = "".join(flat)
        branches, begin, was_by_place = [], 0, False
        for match in _SET_OPERATION.finditer(shown):
            is_by_place = not _BY_NAME.match(shown, match.end())
            branches.append((begin, shown[begin : match.start()], was_by_place or is_by_place))
            begin, was_by_place = match.end(), is_by_place
        branches.append((begin, shown[begin:], was_by_place))
        return _Query(
            start + 1, [(start + 1 + place, branch, by) for place, branch, by in branches]
        )

    def is_star_of_kept(self, start: int, branch: str) -> bool:
        """A select takes every column, in its own order, of a relation that is kept by day."""
        select = _SELECT.search(branch)
        if not select or not _STAR.search(select.group(1)):
            return False
        return any(
            self._is_kept(match.group(1), start + match.start(1))
            for match in _RELATION.finditer(branch)
        )

    def _is_kept(self, relation: str, place: int) -> bool:
        if relation == "(":
            return self.shows_kept(place)
        name = " ".join(relation.split())
        if name in self.ctes:
            # A CTE that has the name of what it reads does not read itself.
            return not self.ctes[name] < place < self.ends[self.ctes[name]] and self.shows_kept(
                self.ctes[name]
            )
        return any(self._names_kept(match.group(1)) for match in _REF.finditer(relation))

    def _names_kept(self, argument: str) -> bool:
        """Whether a ref, of which a loop may fill in a part, can be of a model in `kept`."""
        parts = [re.escape(part) for part in re.findall(r"'(\w*)'|~\s*\w+", argument)]
        fits = re.compile(r"\w*".join(parts) if parts else r"\w+")
        return any(fits.fullmatch(model) for model in self.kept)

    def shows_kept(self, start: int) -> bool:
        """Whether what a parenthesis encloses, or the file, has the columns of a kept table."""
        is_file = start not in self.ends
        query = self.query(-1, len(self.text)) if is_file else self.query(start, self.ends[start])
        return any(self.is_star_of_kept(place, branch) for place, branch, _ in query.branches)
