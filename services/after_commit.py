"""What must happen once a transaction is committed, and never if it is not."""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_log = logging.getLogger(__name__)


def call(session: Session, action: Callable[[], None]) -> None:
    """Run the action after the session's next commit of what it has done so far.

    A rollback, also one to a savepoint from before this call, forgets it. The action
    must be one that may be lost: the process can die between the commit and it, and a
    failure is only logged, because the commit cannot be taken back.
    """
    _Waiting(session, action)


class _Waiting:
    """An action waits for the outermost transaction that is under way."""

    def __init__(self, session: Session, action: Callable[[], None]) -> None:
        self._session, self._action = session, action
        if not session.in_transaction():
            session.begin()
        self._inside = _with_parents(
            session.get_nested_transaction() or session.get_transaction()
        )
        self._listeners: dict[str, Callable[..., Any]] = {
            "after_commit": self._committed,
            "after_soft_rollback": self._rolled_back,
            "after_transaction_end": self._ended,
        }
        for name, listener in self._listeners.items():
            event.listen(session, name, listener)

    def _committed(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        self._forget()
        try:
            self._action()
        except Exception:
            _log.warning("Left undone after a commit.", exc_info=True)

    def _rolled_back(self, _session: Session, what: SessionTransaction) -> None:
        if what in self._inside:
            self._forget()

    def _ended(self, _session: Session, what: SessionTransaction) -> None:
        # A session that is closed without a commit or rollback fires only this.
        if what.parent is None:
            self._forget()

    def _forget(self) -> None:
        for name, listener in self._listeners.items():
            if event.contains(self._session, name, listener):
                event.remove(self._session, name, listener)


def _with_parents(innermost: SessionTransaction | None) -> list[SessionTransaction]:
    found = []
    while innermost is not None:
        found.append(innermost)
        innermost = innermost.parent
    return found
