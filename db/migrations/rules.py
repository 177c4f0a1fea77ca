"""Rules of a migration's tables, as statements: who may do what, with which rows.

Whatever is not said is refused: a new table is closed to everybody until its own
revision opens it. Rules bind every login but the owner's.

Migrations that have run rest on this: what comes of the same rules never changes.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

# Roles, what they may do, with which rows.
Rule = tuple[str, str, str]
# By table.
Rules = Mapping[str, tuple[Rule, ...]]
# By table: roles, and what they may do with every row.
ShortCuts = Mapping[str, tuple[tuple[str, str], ...]]
ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
_CLAUSES: Final = {
    "SELECT": "USING ({rows})",
    "INSERT": "WITH CHECK ({rows})",
    "UPDATE": "USING ({rows}) WITH CHECK ({rows})",
    "DELETE": "USING ({rows})",
}


def statements(rules: Rules) -> Iterator[str]:
    """Grant what the rules of each table say, and let it show those rows only."""
    for table, its_rules in rules.items():
        for roles, rights, _ in its_rules:
            for name in roles.split():
                yield f"GRANT {rights} ON {table} TO chartroom_{name}"
        # Without rows of one's own the rights on the table say it all.
        if any(rows != "true" for _, _, rows in its_rules):
            yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
            yield from _policies(table, its_rules)


def short_cuts(rights: ShortCuts) -> Iterator[str]:
    """Let who may see every row of a table read past its rules.

    For rows under rules, even under one that is always true, the planner may not look
    at its statistics, and finds slow ways. The same rights on a view are free of that:
    it is read as its owner, whom no rule binds. It shows the columns that there are
    today: a migration that adds one makes it anew.
    """
    for table, its_rights in rights.items():
        yield f"CREATE VIEW everyone.{table} AS SELECT * FROM public.{table}"
        for name, allowed in its_rights:
            yield f"GRANT {allowed} ON everyone.{table} TO chartroom_{name}"


def _policies(table: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    for roles, rights, rows in rules:
        for name in roles.split():
            for verb in re.findall("[A-Z]+", rights):
                clause = _CLAUSES[verb].format(rows=rows)
                yield (
                    f"CREATE POLICY {name}_{verb.lower()} ON {table} FOR {verb} "
                    f"TO chartroom_{name} {clause}"
                )
