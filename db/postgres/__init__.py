"""Reads from the nearest replica that is fresh enough; writes to the primary.

`Database` is the interface for everything else: see
docs/decisions/0003-reading-your-own-writes.md.
"""

from db.postgres.connections.failures import (
    AlreadyWritten as AlreadyWritten,
    DatabaseUnavailable as DatabaseUnavailable,
    DiskFull as DiskFull,
    NoPrimary as NoPrimary,
    NotOnReplica as NotOnReplica,
    OutcomeUnknown as OutcomeUnknown,
    Refused as Refused,
)
from db.postgres.database import (
    Database as Database,
    Read as Read,
    WriteResult as WriteResult,
)
from db.postgres.identity import (
    ANONYMOUS as ANONYMOUS,
    SYSTEM as SYSTEM,
    DatabaseIdentity as DatabaseIdentity,
    DatabaseRole as DatabaseRole,
    assume_identity as assume_identity,
    assume_role as assume_role,
)
from db.postgres.transactions.notifying import notifier_of as notifier_of
from db.postgres.transactions.point_in_time import (
    DelayedStandbys as DelayedStandbys,
    RestoredClinic as RestoredClinic,
)
from db.postgres.transactions.reads import Served as Served
from db.postgres.watching.absence import Absence as Absence
from db.postgres.watching.lsn import BEYOND as BEYOND, Lsn as Lsn
