"""A connection to the primary that does not take a warning for success of COMMIT."""

from typing import Any, Final

import psycopg2

from db.postgres.connections.batching import BatchedConnection
from db.postgres.watching.lsn import Lsn

# Part of the same message: a round trip of its own would cost each write more than most
# of its statements do.
_COMMIT: Final = "COMMIT; SELECT pg_current_wal_flush_lsn()"


class NotReplicated(psycopg2.OperationalError):
    """COMMIT succeeded with a warning: it may be lost with this server."""


class CertainConnection(BatchedConnection):
    """A connection whose `commit` raises NotReplicated if the answer has a notice.

    A server that waits for its replicas can be told to stop waiting. COMMIT then
    succeeds with a warning, and the only copy may still be lost. It is refused at this
    level so that nothing above, including the session's after_commit listeners, takes
    the transaction for committed. Notices carry no code and come in the server's
    language; a connection opened with client_min_messages = warning receives only
    warnings.

    `committed_at` is a position in the log after the last commit.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.committed_at: Lsn | None = None

    def commit(self) -> None:
        """Commit, or raise NotReplicated."""
        self.committed_at = None
        self.notices.clear()
        answer = self.end_with(_COMMIT)
        if self.notices:
            raise NotReplicated("COMMIT came back with a warning.")
        if answer:
            self.committed_at = Lsn.parse(answer[0])
