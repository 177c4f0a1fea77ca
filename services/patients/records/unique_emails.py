"""Whether the clinic wants an e-mail address to belong to one patient only.

A database index is both the rule and the setting, so that it binds every program that
writes patients, and no two servers can disagree about it (docs/decisions/0045).
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import assume_role
from db.postgres.violations import violated
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.core.sentences import Sentence
from services.patients.records.constraints import EMAIL_ONCE
from services.patients.records.record_numbers import formatted

_MOST_NAMED: Final = 20
_LOCK_NOT_AVAILABLE: Final = "55P03"
_IS_THERE: Final = text("SELECT to_regclass(:index) IS NOT NULL")


class EmailsShared(Conflict):
    """Patients share addresses already; `shared` has their record numbers, by address.

    The addresses themselves are left out: whoever sets rules need not know them.
    """

    def __init__(self, shared: Sequence[Sequence[str]], count: int) -> None:
        named = "; ".join(" and ".join(map(formatted, numbers)) for numbers in shared)
        more = (
            Sentence("; and {number:,} more", number=count - len(shared))
            if count > len(shared)
            else ""
        )
        super().__init__(
            Sentence(
                "1 e-mail address belongs to several patients, so nothing was "
                "changed. Ask the front desk to correct or merge these records, which "
                "Patients shows with the filter “Shares an e-mail address”, then try "
                "again: {named}{more}.",
                named=named,
                more=more,
            )
            if count == 1
            else Sentence(
                "{count:,} addresses belong to several patients, so nothing was "
                "changed. Ask the front desk to correct or merge these records, which "
                "Patients shows with the filter “Shares an e-mail address”, then try "
                "again: {named}{more}.",
                count=count,
                named=named,
                more=more,
            )
        )
        self.shared = shared


class PatientsBusy(Conflict):
    """Somebody is changing many patients, and the rule has to wait for the end."""

    def __init__(self) -> None:
        super().__init__(
            "Patients are being changed by something that takes long, such as an "
            "import. Nothing was changed; try again when it has finished."
        )


def are_unique(session: Session) -> bool:
    """Return whether no two patients may have the same e-mail address."""
    return bool(session.scalar(_IS_THERE, {"index": f"public.{EMAIL_ONCE}"}))


def require_unique(session: Session, actor: Actor, *, is_wanted: bool) -> None:
    """Make e-mail addresses unique to one patient, or not; the caller commits.

    Archived records do not count: restoring one is refused if another patient has the
    address by then. Raises EmailsShared, PatientsBusy and NotAllowed.
    """
    actor.require(Permission.MANAGE_REGISTRATION)
    before = are_unique(session)
    if before == is_wanted:
        return
    with assume_role(session, "system"):
        _apply(session, is_wanted=is_wanted)
    audit.record(
        session,
        actor,
        Action.REGISTRATION_CHANGE,
        details={"changed": {"unique_emails": [before, is_wanted]}},
    )


def _apply(session: Session, *, is_wanted: bool) -> None:
    try:
        with session.begin_nested():
            session.execute(select(func.keep_patient_emails_apart(is_wanted)))
    except IntegrityError as error:
        if violated(error) != EMAIL_ONCE:
            raise
        raise _refusal(session) from error
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise PatientsBusy from error


def _refusal(session: Session) -> EmailsShared:
    numbers = func.array_agg(
        aggregate_order_by(Patient.record_number, Patient.created_at, Patient.id)
    )
    rows = session.execute(
        select(numbers, func.count().over())
        .where(Patient.deleted_at.is_(None), Patient.email_key.is_not(None))
        .group_by(Patient.email_key)
        .having(func.count() > 1)
        .order_by(func.min(Patient.record_number))
        .limit(_MOST_NAMED)
    ).all()
    return EmailsShared([row[0] for row in rows], rows[0][1] if rows else 0)
