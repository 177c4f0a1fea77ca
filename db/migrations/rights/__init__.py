"""Who may do what with which rows, as revision 0011 says it; tests/db/rules tries it.

A later revision changes rights in its own statements and leaves these as they are.
"""

from collections.abc import Iterator
from itertools import chain

from db.migrations.rights import cluster, documents, patients, people, visits
from db.migrations.rules import short_cuts, statements


def as_statements() -> Iterator[str]:
    """Say who may do what, as the statements that grant it."""
    for domain in (patients, people, documents, visits, cluster):
        yield from statements(domain.RULES)
    yield from chain(documents.GRANTS, cluster.GRANTS)
    yield "CREATE SCHEMA everyone"
    yield "GRANT USAGE ON SCHEMA everyone TO chartroom_staff, chartroom_analyst"
    for rights in (patients.SHORT_CUTS, documents.SHORT_CUTS, visits.SHORT_CUTS):
        yield from short_cuts(rights)
