"""Receipts: rows that prove that a write was committed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from db.models.integrity import WriteReceipt
from db.postgres.connections.batching import BatchedConnection

# Updating an existing receipt makes this a transaction whose COMMIT waits for the
# replicas, and so for everything before it, including the receipt's own commit.
_LEAVE = text(
    "INSERT INTO write_receipts (key) VALUES (:key) "
    "ON CONFLICT (key) DO UPDATE SET created_at = write_receipts.created_at "
    "RETURNING old.key IS NULL"
)

# A key that nobody else knows, used for the first time: it cannot be there.
_LEAVE_NEW: Final = "INSERT INTO write_receipts (key) VALUES ('{key}'); "


def leave(session: Session, key: UUID) -> bool:
    """Leave a receipt with the transaction's other changes; return False if it exists.

    Waits for a transaction that is about to commit the same key, so the answer is final
    even while the server still works on a COMMIT whose client is gone.
    """
    return bool(session.execute(_LEAVE, {"key": key}).scalar_one())


def leave_ahead(connection: BatchedConnection, key: UUID) -> None:
    """Leave a receipt of a new key, along with the transaction's first statement."""
    connection.preface += _LEAVE_NEW.format(key=key)


def forget(session: Session, older_than: datetime) -> None:
    """Delete receipts that are too old to be asked for; the caller commits."""
    session.execute(delete(WriteReceipt).where(WriteReceipt.created_at < older_than))
