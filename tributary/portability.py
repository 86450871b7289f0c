"""Refuses SQL that two engines run and answer differently: `python -m tributary.portability`.

What only one engine can parse ends a build there, and needs no lint. What both run, each in its own
way, is found by nobody: hence this list. Each entry was seen to differ between DuckDB and Spark.

What hangs on types that the text does not say is beyond it, and left to the test that holds the
marts of both together: `cast(x as int)` rounds here and cuts there where x is no whole number, and
a double becomes the text `1e+20` or `1.0E20`.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tributary.settings import find_project
from tributary.unions import kept_in_order, swapped_unions

FOLDERS = ("models", "macros", "tests", "analyses")


@dataclass(frozen=True)
class Rule:
    """One construct that differs in silence.

    Attributes:
        pattern: what it looks like, in SQL without comments.
        why: how the engines differ.
        instead: what both engines agree on.
        in_templates: whether it means the same inside of a template's own expressions.
    """

    pattern: str
    why: str
    instead: str
    in_templates: bool = True


_WITHIN = r"(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*?"
"""Anything up to the end of the parentheses that it stands in, and no further."""

RULES = (
    Rule(r"\blog\s*\(", "base 10 here, base e there", "ln, log10 or log2"),
    Rule(
        r"\bln\s*\((?!case\b|[\w.]+ / [\w.]+\))",
        "of 0: minus infinity here, NULL there",
        "ln(case when x > 0 then x end)",
    ),
    Rule(
        r"\b(avg|mean)\s*\(", "of decimals: a double here, a cut decimal there", "ratio() of sums"
    ),
    Rule(
        r"(?<![\w)] as double\)) / (?!nullif\(cast\()(?!.*as double)(?=nullif\((sum|count))",
        "of decimals: a double here, a cut decimal there",
        "ratio()",
    ),
    Rule(
        r"\b(dayofweek|dayname|monthname)\s*\(|\bextract\s*\(\s*(dow|dayofweek|second)\b",
        "days count from 0 or 1, names are long or short, seconds are whole or not",
        "weekday_of()",
    ),
    Rule(r"\bconcat\s*\(", "skips NULL here, is NULL there", "|| or concat_ws"),
    Rule(r"\bregexp_replace\s*\(", "the first match here, all of them there", "values_match"),
    Rule(
        r"\bregexp_extract\s*\((?![^()]*(\([^()]*\)[^()]*)*,\s*\d+\s*\))",
        "the whole match here, the first group there",
        "give the group",
    ),
    Rule(
        r"\b(array_agg|list|string_agg|listagg|group_concat)\s*\(",
        "NULLs and order differ",
        "joined_in_order()",
    ),
    Rule(r"\bapprox_\w+\s*\(", "other sketches, other numbers", "count(distinct …)"),
    Rule(r"(?<![\w.])(hash|url_encode|kurtosis|time_bucket)\s*\(", "other values", "hash_of()"),
    Rule(r"\w \^ \w", "power here, exclusive or there", "pow(…, …)"),
    Rule(r"(?<!:)//", "whole division here, none there", "floor of ratio()"),
    Rule(r"(?<!cast\()\bdate_trunc\s*\(", "of another type each", "month_of(), minute_of()"),
    Rule(
        r"\bround\s*\((?!\s*cast\()",
        "of doubles: other halves",
        "round(cast(x as decimal(38, 6)), n)",
    ),
    Rule(
        r"\bcast\s*\((?!floor|ceil|round)[^()]* / [^()]* as (big)?int",
        "rounds here, cuts there",
        "cast(floor(…) as bigint)",
    ),
    Rule(
        r"\bwhere\s*\(\s*(true|false)\b",
        "there `where` becomes an alias of the relation",
        "where 1 = 1",
    ),
    Rule(
        rf"\b(over|window\s+\w+\s+as)\s*\({_WITHIN}\border by\s(?!{_WITHIN}\bnulls (first|last)\b)",
        "NULLs come last here, first there",
        "nulls first or nulls last, and a key that no two rows share",
    ),
    Rule(
        rf"\border by\s(?!{_WITHIN}\bnulls (first|last)\b){_WITHIN}\blimit\s",
        "NULLs come last here, first there, so that other rows are left",
        "nulls first or nulls last, and a key that no two rows share",
    ),
    Rule(r"\bsubstr(ing)?\s*\([^,()]+,\s*0", "place 0 is before the text or its start", "from 1"),
    Rule(
        r"'[^'\n]*\\[^'\n]*'",
        "a backslash is itself here, an escape there",
        "[.] and the like",
        in_templates=False,
    ),
)

STAR_IN_A_UNION = Rule(
    r"select \* … union all",
    "the day of a table kept by day comes last there, so that columns of a union by place swap",
    "the names of the columns",
)
"""Hangs on which models are kept by day, and on what a name stands for: found by `star_unions`."""

_COMMENTS = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.S)
_OF_ONE_ENGINE = re.compile(
    r"\{%-?\s*(macro (default|spark)__|materialization ).*?"
    r"\{%-?\s*end(macro|materialization)\s*-?%\}",
    re.S,
)


_TEMPLATES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)


@dataclass(frozen=True)
class Finding:
    """A place where a rule is broken."""

    file: Path
    line: int
    text: str
    rule: Rule


def findings(text: str, file: Path) -> Iterator[Finding]:
    """Every place of a file that breaks a rule; comments and code for one engine do not count."""
    shown = _blank(_OF_ONE_ENGINE, _blank(_COMMENTS, text))
    plain = _blank(_TEMPLATES, shown)
    for rule in RULES:
        looked_at = shown if rule.in_templates else plain
        for match in re.finditer(rule.pattern, looked_at, re.IGNORECASE):
            line = shown.count("\n", 0, match.start()) + 1
            yield Finding(file, line, text.splitlines()[line - 1].strip(), rule)


def star_unions(texts: dict[Path, str]) -> Iterator[Finding]:
    """Every union by place, in the SQL of a project, in which a kept table gives its own order."""
    plain = {file: _blank(_OF_ONE_ENGINE, _blank(_COMMENTS, text)) for file, text in texts.items()}
    models = {file.stem: text for file, text in plain.items() if file.parts[0] == "models"}
    kept = kept_in_order(models)
    for file, shown in plain.items():
        for place in swapped_unions(shown, kept):
            line = shown.count("\n", 0, place) + 1
            yield Finding(file, line, texts[file].splitlines()[line - 1].strip(), STAR_IN_A_UNION)


def all_findings(project: Path) -> list[Finding]:
    """Every place of the project that breaks a rule."""
    texts = {file.relative_to(project): file.read_text("utf-8") for file in sql_files(project)}
    queries = {file: text for file, text in texts.items() if file.suffix == ".sql"}
    found = [finding for file, text in texts.items() for finding in findings(text, file)]
    return [*found, *star_unions(queries)]


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """The text with what fits the pattern blanked out, each line in its place."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def sql_files(project: Path) -> list[Path]:
    """The project's SQL, and the YAML beside it, whose tests hold expressions."""
    return sorted(
        file
        for folder in FOLDERS
        for ending in ("sql", "yml")
        for file in (project / folder).rglob(f"*.{ending}")
    )


def main() -> int:
    """Print what breaks a rule; the exit code says whether anything does."""
    found = all_findings(find_project(Path.cwd()))
    for place in found:
        print(f"{place.file}:{place.line}: {place.text}")
        print(f"    DuckDB and Spark differ: {place.rule.why}. Write {place.rule.instead}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
