"""Rules of a migration's tables, as statements: who may do what, with which rows.

Anything not granted is refused: a new table is closed to everybody until its own
revision opens it. Rules bind every login but the owner's.

Past migrations rely on this module: the same rules must always give the same
statements.
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
    """Yield the grants of each table's rules, and the policies that limit the rows."""
    for table, its_rules in rules.items():
        for roles, rights, _ in its_rules:
            for name in roles.split():
                yield f"GRANT {rights} ON {table} TO chartroom_{name}"
        # If no rule limits the rows, the grants on the table suffice.
        if any(rows != "true" for _, _, rows in its_rules):
            yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
            yield from _policies(table, its_rules)


def short_cuts(rights: ShortCuts) -> Iterator[str]:
    """Yield views that let roles who may see every row read past a table's rules.

    For rows under rules, even under one that is always true, the planner may not use
    its statistics, and chooses slow plans. The same rights on a view avoid that: it is
    read as its owner, whom no rule binds. It shows the columns of today: a migration
    that adds one makes it again.
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
