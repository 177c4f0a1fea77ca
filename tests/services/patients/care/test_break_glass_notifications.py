"""Administrators are notified of records opened outside a clinician's patients."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.care import BreakGlassAccess
from db.models.user import User
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.messaging.mail import MailNotSent, SmtpMailer
from services.patients.care import break_glass
from services.patients.care.break_glass_notifications import notify_administrators
from services.patients.records import patients
from tests.kit import cast
from tests.kit.cast import ADA

CLINIC = "https://clinic.example.org"
REASON = "Unconscious in the waiting room"


@pytest.fixture
def access(database: Database) -> UUID:
    """An access: Dora has opened Ada's record; Adam and Ines are administrators."""

    def open_record(session: Session) -> UUID:
        cast.add_actor(session, cast.ADAM)
        cast.add_actor(session, cast.INES)
        cast.add_actor(session, Role.ADMIN, email=None)
        dora = cast.add_actor(session, cast.DORA)
        cleo = cast.add_actor(session, cast.CLEO)
        ada = patients.register(session, cleo, ADA, today=date(2026, 11, 20))
        return break_glass.open_record(session, dora, ada.id, REASON).id

    return database.write(open_record, identity=SYSTEM).value


def tell(database: Database, mailer: SmtpMailer) -> int:
    with database.writing(identity=SYSTEM) as session:
        return notify_administrators(session, mailer, CLINIC)


@pytest.mark.usefixtures("access")
def test_every_administrator_gets_an_email_once(database, mailer, mailbox):
    counts = [tell(database, mailer) for _ in range(2)]

    assert counts == [1, 0]
    assert sorted(email["To"] for email in mailbox.emails) == [
        cast.ADAM.email,
        cast.INES.email,
    ]


def test_the_email_leads_to_the_page_and_names_nobody(
    database, mailer, mailbox, access
):
    tell(database, mailer)

    written = mailbox.emails[0].as_string()
    assert f"{CLINIC}/break_glass_review" in written.replace("=\n", "")
    assert str(access) in written.replace("=\n", "")
    for secret in ("Dora", "Ada", "Lovelace", REASON):
        assert secret not in written


@pytest.mark.usefixtures("access")
def test_each_reads_it_in_the_language_that_they_chose(database, mailer, mailbox):
    german = update(User).where(User.name == cast.ADAM.name).values(language="de")
    database.write(lambda s: s.execute(german), identity=SYSTEM)

    tell(database, mailer)

    subjects = {email["To"]: email["Subject"] for email in mailbox.emails}
    assert "über den Notfallzugriff" in subjects[cast.ADAM.email]
    assert "outside a clinician's patients" in subjects[cast.INES.email]


@pytest.mark.usefixtures("access")
def test_in_a_german_clinic_whoever_chose_english_still_reads_english(
    database, mailer, mailbox
):
    english = update(User).where(User.name == cast.INES.name).values(language="en")
    database.write(lambda s: s.execute(english), identity=SYSTEM)

    with database.writing(identity=SYSTEM) as session:
        notify_administrators(session, mailer, CLINIC, usual_language="de")

    texts = {email["To"]: email.get_content() for email in mailbox.emails}
    assert "Bitte prüfen Sie das" in texts[cast.ADAM.email]
    assert "Please look into it" in texts[cast.INES.email]
    assert all(f"{CLINIC}/break_glass_review" in text for text in texts.values())


@pytest.mark.usefixtures("access")
def test_while_no_email_leaves_it_stays_to_be_told(database, mailer, mailbox):
    mailbox.refusal = "451 Not now"
    with pytest.raises(MailNotSent):
        tell(database, mailer)
    mailbox.refusal = None

    assert tell(database, mailer) == 1


@pytest.mark.usefixtures("access")
def test_who_was_deactivated_gets_no_email(database, mailer, mailbox):
    gone = (
        update(User)
        .where(User.name == cast.ADAM.name)
        .values(deactivated_at=func.now())
    )
    database.write(lambda s: s.execute(gone), identity=SYSTEM)

    tell(database, mailer)

    assert [email["To"] for email in mailbox.emails] == [cast.INES.email]


@pytest.mark.usefixtures("access")
def test_nobody_is_written_to_about_what_is_long_past(database, mailer, mailbox):
    created_at = BreakGlassAccess.created_at
    back_dating = update(BreakGlassAccess).values(
        created_at=created_at - timedelta(days=8)
    )
    database.write(lambda s: s.execute(back_dating), identity=SYSTEM)

    assert tell(database, mailer) == 0
    assert not mailbox.emails
