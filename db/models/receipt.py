"""Proof that a write was committed."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt


class WriteReceipt(Base):
    """A receipt, written in the transaction that it vouches for.

    When a connection dies during COMMIT it is unknown whether that took effect. The
    receipt is then looked for on the (perhaps new) primary: if it is there, the write
    happened; if not, it is safe to run it again. A transaction id would not do: after a
    failover the new timeline may give the same id to another transaction.
    """

    __tablename__ = "write_receipts"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
