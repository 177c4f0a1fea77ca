"""People and programs that act, and the tokens that programs carry."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, Moment, PrimaryKey


class User(Base):
    """A person or a program that may act in Chartroom.

    Demo people are chosen freely in the embedded demo and exist nowhere else.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "role IN ('patient', 'staff', 'clinician', 'analyst', 'admin')",
            name="users_role_known",
        ),
        CheckConstraint(
            "(role = 'patient') = (patient_id IS NOT NULL)",
            name="users_patients_have_a_record",
        ),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patients.id"), index=True
    )
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    deactivated_at: Mapped[Moment | None]


class ApiToken(Base):
    """A bearer token of the API, kept as the SHA-256 of its 256 random bits."""

    __tablename__ = "api_tokens"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]
