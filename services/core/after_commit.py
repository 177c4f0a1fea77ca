"""Actions that run once a transaction is committed, and never if it is not."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_WAITING: Final = "waiting for the commit"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    action: Callable[[], None]
    inside: tuple[SessionTransaction, ...]


def call(session: Session, action: Callable[[], None]) -> None:
    """Run the action after the session's next commit of what it has done so far.

    A rollback drops the action, and so does a rollback to a savepoint from before this
    call. It must be an action that may be lost: the process can die between the commit
    and the action, and a failure is only logged, because the commit cannot be undone.
    """
    innermost = session.get_nested_transaction() or session.get_transaction()
    waiting = _Waiting(action, _with_parents(innermost or session.begin()))
    session.info.setdefault(_WAITING, []).append(waiting)


def _with_parents(innermost: SessionTransaction) -> tuple[SessionTransaction, ...]:
    transactions = [innermost]
    while parent := transactions[-1].parent:
        transactions.append(parent)
    return tuple(transactions)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    # SQLAlchemy fires this event for the release of a savepoint, too.
    if session.in_nested_transaction():
        return
    for waiting in session.info.pop(_WAITING, ()):
        try:
            waiting.action()
        except Exception:
            _log.warning("An action after a commit failed.", exc_info=True)


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, what: SessionTransaction) -> None:
    if _WAITING in session.info:
        session.info[_WAITING] = [
            waiting for waiting in session.info[_WAITING] if what not in waiting.inside
        ]


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, what: SessionTransaction) -> None:
    # This is the only event of a session that is closed without a commit or a rollback.
    if what.parent is None:
        session.info.pop(_WAITING, None)
