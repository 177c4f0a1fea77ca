"""Who may do what with which rows, as of revision 0011; tests/db/rules tests it.

A later revision changes rights in its own statements and leaves these as they are.
"""

from collections.abc import Iterator
from itertools import chain

from db.migrations.rights import cluster, documents, patients, people, visits
from db.migrations.rules import short_cuts, statements


def as_statements() -> Iterator[str]:
    """Yield the statements that grant who may do what."""
    for domain in (patients, people, documents, visits, cluster):
        yield from statements(domain.RULES)
    yield from chain(documents.GRANTS, cluster.GRANTS)
    yield "CREATE SCHEMA everyone"
    yield "GRANT USAGE ON SCHEMA everyone TO chartroom_staff, chartroom_analyst"
    for rights in (patients.SHORT_CUTS, documents.SHORT_CUTS, visits.SHORT_CUTS):
        yield from short_cuts(rights)
