"""Doctors."""

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, Moment, PrimaryKey


class Doctor(Base):
    """A doctor whom patients can be booked with."""

    __tablename__ = "doctors"
    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="doctors_name_given"),
        UniqueConstraint("source", "source_id", name="doctors_source_once"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(100))
    speciality: Mapped[str] = mapped_column(String(100))
    sex: Mapped[str] = mapped_column(Text, server_default="unknown")
    city: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[str | None] = mapped_column(Text)
    source_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[Moment | None]
