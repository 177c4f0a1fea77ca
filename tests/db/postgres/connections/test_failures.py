"""Which failures are tried again."""

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from db.postgres.connections.failures import NoServer, Trouble, Unanswered, trouble_of
from services.core.errors import Conflict


def wrapped(cause, *, is_gone=False):
    return DBAPIError("SELECT", {}, cause, connection_invalidated=is_gone)


CASES = {
    "no server could be chosen": (NoServer(), Trouble.LOST),
    "an unanswered COMMIT": (Unanswered(), Trouble.UNANSWERED),
    "a refused connection": (psycopg2.OperationalError("refused"), Trouble.LOST),
    "a closed connection": (psycopg2.InterfaceError("closed"), Trouble.LOST),
    "the pool found it dead": (wrapped(ValueError(), is_gone=True), Trouble.LOST),
    "gone inside a savepoint": (PendingRollbackError("", code="8s2b"), Trouble.LOST),
    "a failed flush went unnoticed": (PendingRollbackError("", code="7s2a"), None),
    "a slip in the code": (ValueError(), None),
    "a refusal of ours": (Conflict("taken"), None),
    "a driver's own error": (psycopg2.ProgrammingError("no results"), None),
}


@pytest.mark.parametrize(("error", "trouble"), CASES.values(), ids=CASES)
def test_what_a_failure_means(error, trouble):
    assert trouble_of(error) is trouble


SERVER_CASES = {
    "admin_shutdown": ("57P01", Trouble.LOST),
    "cannot_connect_now": ("57P03", Trouble.LOST),
    "too_many_connections": ("53300", Trouble.LOST),
    "connection_exception": ("08006", Trouble.LOST),
    "read_only_sql_transaction": ("25006", Trouble.DEMOTED),
    "serialization_failure": ("40001", Trouble.CONTENDED),
    "deadlock_detected": ("40P01", Trouble.CONTENDED),
    "unique_violation": ("23505", None),
    "check_violation": ("23514", None),
    "query_canceled": ("57014", None),
    "lock_not_available": ("55P03", None),
}


@pytest.mark.parametrize(("code", "trouble"), SERVER_CASES.values(), ids=SERVER_CASES)
def test_what_the_server_says_decides(session, code, trouble):
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"

    with pytest.raises(DBAPIError) as raised, session.begin_nested():
        session.execute(text(raising))

    assert trouble_of(raised.value) is trouble
    assert trouble_of(raised.value.orig) is trouble
