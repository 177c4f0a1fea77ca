"""People and programs that act, and how they prove who they are."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    PHONE_NUMBER,
    Base,
    CreatedAt,
    PrimaryKey,
    TextList,
)


class User(Base):
    """A person or a program that may act in Chartroom.

    Demo people exist in the embedded demo only. A program has no e-mail address: it
    cannot sign in, and uses a token.
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
        CheckConstraint("char_length(email) <= 254", name="users_email_length"),
        CheckConstraint(
            "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="users_email_valid"
        ),
        CheckConstraint("language ~ '^[a-z]{2}$'", name="users_language_is_a_code"),
        CheckConstraint(
            "name_order IN ('given-family', 'family-given')",
            name="users_name_order_known",
        ),
        CheckConstraint(
            "list_density IN ('comfortable', 'compact')",
            name="users_list_density_known",
        ),
        CheckConstraint(
            f"phone_number ~ '^{PHONE_NUMBER}$'", name="users_phone_number_valid"
        ),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    role: Mapped[str]
    email: Mapped[str | None]
    phone_number: Mapped[str | None]
    patient_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patients.id"), index=True
    )
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    deactivated_at: Mapped[datetime | None]
    language: Mapped[str | None]
    name_order: Mapped[str | None]
    list_density: Mapped[str | None]


# One person per address, whatever its spelling.
Index("users_email_once", func.lower(User.email), unique=True)


class UserSession(Base):
    """One sign-in of one browser; only the SHA-256 of its 256-bit token is kept."""

    __tablename__ = "sessions"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    method: Mapped[str]
    network: Mapped[str | None]
    browser: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    # When the person last proved their presence with a passkey.
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class LoginCode(Base):
    """A one-time code, as a salted hash, bound to the browser that asked for it.

    Without `user_id` it was requested for an address that nobody has, and is never
    valid: the row exists so that both cases take the same time.
    """

    __tablename__ = "login_codes"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    browser_hash: Mapped[bytes] = mapped_column(index=True)
    salt: Mapped[bytes]
    code_hash: Mapped[bytes]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Ceremony(Base):
    """A challenge to a browser that must be answered once and in time.

    `secret` is what the answer must bring back: a passkey's challenge, or the state of
    OpenID Connect, which keeps its nonce and code verifier in `details`.
    """

    __tablename__ = "ceremonies"

    id: Mapped[PrimaryKey]
    purpose: Mapped[str]
    browser_hash: Mapped[bytes] = mapped_column(index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    secret: Mapped[bytes]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A WebAuthn credential of a person."""

    __tablename__ = "passkeys"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    # The device's signature counter: unsigned, 32 bits.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[TextList]
    name: Mapped[str]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]


class UserIdentity(Base):
    """Who a person is at an identity provider: its issuer and their subject there.

    The provider decides the role of people whom it brought in itself; for others, who
    connected their sign-in to it later, an administrator does. `withdrawn_at` is when
    the provider stopped giving them a role and their sign-in here was ended for that
    reason.
    """

    __tablename__ = "user_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    decides_role: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Invitation(Base):
    """A link that lets one person in for the first time, once."""

    __tablename__ = "invitations"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    """A bearer token of the API, kept as the SHA-256 of its 256 random bits.

    Without `scopes` it may do all that its user's role may. With `app_id` it is a
    patient's permission for that app to read their record.
    """

    __tablename__ = "api_tokens"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default=text("''"))
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    issued_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    app_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient_apps.id"))


# Only tokens of apps have one.
Index(
    "api_tokens_app_id_idx",
    ApiToken.app_id,
    postgresql_where=ApiToken.app_id.is_not(None),
)


class ConnectedSystem(Base):
    """A system that proves itself with a signature; its id is that of its user.

    Its public keys are either at a URL or kept here. `exports` says whether it exports
    nothing, its groups, or all that it reads, and `export_purpose` what for; without a
    purpose it exports nothing, whatever `exports` says. Its last actions are noted for
    the administrators.
    """

    __tablename__ = "connected_systems"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(jwks_url, jwks) = 1", name="connected_systems_have_keys"
        ),
        CheckConstraint(
            "char_length(jwks_url) <= 500", name="connected_systems_jwks_url_length"
        ),
        CheckConstraint(
            "char_length(refusal) <= 200", name="connected_systems_refusal_length"
        ),
        CheckConstraint(
            "cardinality(resource_types) BETWEEN 1 AND 50",
            name="connected_systems_read_something",
        ),
        CheckConstraint(
            "char_length(btrim(export_purpose)) BETWEEN 10 AND 500",
            name="connected_systems_purpose_given",
        ),
        CheckConstraint(
            "exports IN ('nothing', 'groups', 'all')",
            name="connected_systems_exports_known",
        ),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    jwks_url: Mapped[str | None]
    # NULL, not JSON's null, if there is no value.
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    resource_types: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    registered_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    token_issued_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
    export_purpose: Mapped[str | None]
    exports: Mapped[str] = mapped_column(server_default="all")


class ClientAssertion(Base):
    """A signed statement by which a system has asked for a token: it counts once."""

    __tablename__ = "client_assertions"

    system_id: Mapped[UUID] = mapped_column(
        ForeignKey("connected_systems.id"), primary_key=True
    )
    jti_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PatientApp(Base):
    """An app that may ask patients to let it read their record; its id: client_id."""

    __tablename__ = "patient_apps"
    __table_args__ = (
        CheckConstraint(
            "char_length(name) BETWEEN 1 AND 100", name="patient_apps_name_length"
        ),
        CheckConstraint(
            "cardinality(redirect_uris) BETWEEN 1 AND 10",
            name="patient_apps_lead_somewhere",
        ),
        CheckConstraint(
            "cardinality(resource_types) BETWEEN 1 AND 50",
            name="patient_apps_read_something",
        ),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    resource_types: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    registered_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    token_issued_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class AuthorizationCode(Base):
    """A patient's consent on its way to an app, as its hash: it counts once.

    `token_id` is the token that was issued for it.
    """

    __tablename__ = "authorization_codes"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    app_id: Mapped[UUID] = mapped_column(ForeignKey("patient_apps.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    redirect_uri: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    code_challenge: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    token_id: Mapped[UUID | None]


class UserNotification(Base):
    """One line behind a person's bell, and whether they have read it.

    `subject_id` is what it is about, according to the topic. After `mail_at`, a person
    who has not read it is notified by e-mail.
    """

    __tablename__ = "user_notifications"
    __table_args__ = (
        CheckConstraint(
            "topic IN ('document', 'shared', 'offer', 'alert', 'drill', 'emergency', "
            "'unsent', 'count')",
            name="user_notifications_topic_known",
        ),
        CheckConstraint(
            "char_length(detail) <= 500", name="user_notifications_detail_length"
        ),
        Index("user_notifications_newest", "user_id", "created_at", "id"),
        Index(
            "user_notifications_unread",
            "user_id",
            postgresql_where=text("read_at IS NULL"),
        ),
        Index("user_notifications_of_subject", "subject_id"),
        Index(
            "user_notifications_to_mail",
            "mail_at",
            postgresql_where=text("mail_at IS NOT NULL"),
        ),
        Index("user_notifications_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    topic: Mapped[str]
    subject_id: Mapped[UUID | None]
    detail: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[CreatedAt]
    read_at: Mapped[datetime | None]
    mail_at: Mapped[datetime | None]
