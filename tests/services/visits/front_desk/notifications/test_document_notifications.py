"""People with documents to read get one e-mail, which contains nothing of them."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, update

from db.models.patient import Patient
from db.models.user import User, UserNotification
from jobs.visits import notifications as job
from services.core.actors import Role
from services.documents.sharing import readers
from services.messaging import user_notifications
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import SenderDetails
from tests.kit import cast
from tests.services.documents.records.samples import file

SENDER = SenderDetails("Harbour Clinic", "https://clinic.example.org", "Europe/Berlin")
A_QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def grace(clinic):
    """Grace herself, who signs in."""
    return clinic.invite(clinic.grace)


@pytest.fixture
def papers(post, grace):
    """The clinic, before it files anything."""
    post.do(lambda s: s.execute(delete(UserNotification)) and None)
    return post


def file_of_grace(post, number=1, **facts):
    cleo, grace = post.clinic.cleo, post.clinic.grace
    facts.setdefault("title", "Blood count of Grace Hopper")
    for _ in range(number):
        filed = post.clinic.write(cleo, partial(file, actor=cleo, of=grace, **facts))
    return filed


def choose(post, person, language):
    """Set somebody's language."""
    chosen = update(User).where(User.id == person.id).values(language=language)
    post.do(lambda s: s.execute(chosen) and None)


def let_pass(post, span):
    """Make all notifications older by this."""
    older = update(UserNotification).values(mail_at=UserNotification.mail_at - span)
    post.do(lambda s: s.execute(older) and None)


def send(post, mailer, *, is_wanted=True):
    """Do what the job of every minute does; return how many e-mails it sent."""
    write = partial(notifications.write_document_emails, is_wanted=is_wanted)
    post.do(write)
    return job.send(post.clinic.database, mailer, SENDER)


def test_many_documents_filed_at_once_make_one_email_after_a_quarter_of_an_hour(
    papers, mailer, mailbox
):
    file_of_grace(papers, 2)
    early = send(papers, mailer)
    let_pass(papers, A_QUARTER)
    # The e-mail is about everything that came until then.
    file_of_grace(papers)

    sent = [send(papers, mailer) for _ in range(2)]
    let_pass(papers, A_QUARTER)

    assert (early, sent, send(papers, mailer)) == (0, [1, 0], 0)
    (arrived,) = mailbox.emails
    assert arrived["To"] == cast.GRACE.email
    assert arrived["Subject"] == "Harbour Clinic: something is there for you"
    assert "https://clinic.example.org/notifications" in arrived.get_content()


def test_a_patient_reads_of_documents_in_the_language_they_have_chosen(
    papers, mailer, mailbox, grace
):
    choose(papers, grace, "de")
    file_of_grace(papers)
    let_pass(papers, A_QUARTER)

    send(papers, mailer)

    (arrived,) = mailbox.emails
    (kept,) = papers.notifications()
    assert arrived["Subject"] == "Harbour Clinic: Etwas liegt für Sie bereit"
    assert "mindestens ein neues Dokument" in arrived.get_content()
    assert "https://clinic.example.org/notifications" in arrived.get_content()
    assert "<" not in arrived.get_content()
    # It is stored as the outbox shows it.
    assert "At least one new document" in kept.body


def test_nothing_of_the_document_stands_in_the_email(papers, mailer, mailbox):
    filed = file_of_grace(papers, description="Haemoglobin 14.1")
    let_pass(papers, A_QUARTER)

    send(papers, mailer)

    (arrived,) = mailbox.emails
    (kept,) = papers.notifications()
    assert (kept.kind, kept.patient_id) == ("document", papers.clinic.grace.id)
    for word in ("Blood", "Grace", "Hopper", "Haemoglobin", "Cleo", str(filed.id)):
        assert word not in arrived.as_string().replace(cast.GRACE.email, "")


def test_what_comes_after_an_email_makes_the_next_one(papers, mailer, mailbox):
    for _ in range(2):
        file_of_grace(papers)
        let_pass(papers, A_QUARTER)
        send(papers, mailer)

    assert len(mailbox.emails) == 2


def test_who_has_read_of_all_of_it_meanwhile_gets_no_email(papers, grace, mailer):
    file_of_grace(papers)
    papers.clinic.write(grace, lambda s: user_notifications.mark_read(s, grace))
    let_pass(papers, A_QUARTER)

    assert send(papers, mailer) == 0


@pytest.mark.parametrize(
    "facts", [{"confidential": True}, {"confidential": True, "withheld": True}]
)
def test_a_confidential_document_is_written_of_only_to_whom_it_is_shown(
    papers, mailer, mailbox, facts
):
    file_of_grace(papers, **facts)
    let_pass(papers, A_QUARTER)

    send(papers, mailer)

    assert len(mailbox.emails) == (not facts.get("withheld"))


def test_who_is_named_for_a_document_is_written_to_at_their_own_address(
    papers, mailer, mailbox
):
    dora, grace = papers.clinic.dora, papers.clinic.grace
    carl = papers.do(lambda s: cast.add_account(s, Role.STAFF))
    sealed = papers.clinic.write(
        dora,
        partial(file, actor=dora, of=grace, confidential=True, withheld=True),
    )
    papers.clinic.write(
        dora,
        lambda s: readers.name_readers(
            s, dora, sealed.id, [carl.id], revision=sealed.revision
        ),
    )
    let_pass(papers, A_QUARTER)

    send(papers, mailer)

    (arrived,) = mailbox.emails
    (kept,) = papers.notifications()
    assert arrived["To"] == carl.email
    assert (kept.user_id, kept.patient_id) == (carl.id, None)


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        (Patient, {"email": None}),
        (Patient, {"deleted_at": func.now()}),
        (Patient, {"deceased_on": func.current_date()}),
        (User, {"deactivated_at": func.now()}),
    ],
    ids=["no address", "archived", "has died", "shut out"],
)
def test_who_cannot_be_written_to_is_not(papers, grace, mailer, table, changed):
    file_of_grace(papers)
    let_pass(papers, A_QUARTER)
    whose = grace.patient_id if table is Patient else grace.id
    row = update(table).where(table.id == whose)
    papers.do(lambda s: s.execute(row.values(**changed)) and None)
    try:
        assert send(papers, mailer) == 0
        assert papers.notifications() == []
    finally:
        before = {name: None for name in changed if name != "email"}
        back = row.values(**before or {"email": cast.GRACE.email})
        papers.do(lambda s: s.execute(back) and None)


def test_where_the_clinic_wants_none_nobody_is_written_to_later_either(papers, mailer):
    file_of_grace(papers)
    let_pass(papers, A_QUARTER)

    assert send(papers, mailer, is_wanted=False) == 0
    assert send(papers, mailer) == 0


def test_what_the_server_refuses_waits_in_the_outbox_without_an_address(
    papers, mailer, mailbox
):
    mailbox.refusal = "451 later"
    file_of_grace(papers)
    let_pass(papers, A_QUARTER)

    send(papers, mailer)

    ines = papers.clinic.ines
    summary = papers.clinic.read(
        ines, lambda s: notifications.read_outbox(s, ines, SENDER)
    )
    (waiting,) = summary.newest
    assert (waiting.kind, waiting.attempts, waiting.to) == (
        "document",
        1,
        "g…@example.org",
    )
