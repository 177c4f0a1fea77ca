"""A connection to the primary that takes no warning for an answer to COMMIT."""

import psycopg2

from db.routing.beginnings import PrefacedConnection


class NotReplicated(psycopg2.OperationalError):
    """COMMIT succeeded with a warning: it may be lost with this server."""


class CertainConnection(PrefacedConnection):
    """Raises NotReplicated from `commit` when anything arrives with its answer.

    A server that waits for its replicas can be told to stop waiting. COMMIT then
    succeeds with a warning, and the only copy may still be lost. It is refused down
    here so that nobody above, the session's after_commit listeners included, takes
    the transaction for committed. Notices carry no code and come in the server's
    language; what is opened with client_min_messages = warning hears only warnings.
    """

    def commit(self) -> None:
        """Commit, or raise NotReplicated."""
        self.notices.clear()
        super().commit()
        if self.notices:
            raise NotReplicated("COMMIT came back with a warning.")
