"""Reads from the nearest replica that is fresh enough, writes to the primary.

`Database` is all that others need: see docs/decisions/0003-reading-your-own-writes.md.
"""

from db.postgres.connections.failures import (
    AlreadyWritten,
    DatabaseUnavailable,
    NoPrimary,
    OutcomeUnknown,
    Refused,
)
from db.postgres.database import Database, Read, WriteResult
from db.postgres.identity import (
    ANONYMOUS,
    SYSTEM,
    DatabaseIdentity,
    DatabaseRole,
    assume_role,
)
from db.postgres.transactions.calling import call, call_last
from db.postgres.transactions.notifying import teller_of
from db.postgres.transactions.point_in_time import Past
from db.postgres.transactions.reads import Served
from db.postgres.transactions.receipts import forget as forget_receipts
from db.postgres.transactions.writes import WritingSession
from db.postgres.watching.absence import Absence
from db.postgres.watching.lsn import Lsn
from db.postgres.watching.nodes import NodeState

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Absence",
    "AlreadyWritten",
    "Database",
    "DatabaseIdentity",
    "DatabaseRole",
    "DatabaseUnavailable",
    "Lsn",
    "NoPrimary",
    "NodeState",
    "OutcomeUnknown",
    "Past",
    "Read",
    "Refused",
    "Served",
    "WriteResult",
    "WritingSession",
    "assume_role",
    "call",
    "call_last",
    "forget_receipts",
    "teller_of",
]
