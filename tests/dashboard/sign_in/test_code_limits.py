"""How often codes can be requested and tried, and who is not affected by that."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.user import User
from tests.dashboard import codes


def reached_limits(engine):
    """Return the recorded limits in the order in which they were reached."""
    with Session(engine) as session:
        events = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action == "limit:reach")
            .order_by(AuditEvent.position)
        )
        return [event.details["limit"] for event in events]


def test_after_five_codes_there_is_a_pause_that_says_how_long(
    clinic, module_engine, nobody
):
    """The same holds for an address that nobody has: limits do not reveal it either."""
    before = len(reached_limits(module_engine))
    with clinic.browser() as browser:
        for _ in range(5):
            codes.ask(browser, nobody)
        refused = [browser.post("/sign-in", data={"email": nobody}) for _ in range(3)]

    assert [answer.status_code for answer in refused] == [429] * 3
    wait = int(refused[0].headers["retry-after"])
    assert 0 < wait <= 15 * 60
    assert "Too many attempts" in refused[0].text
    assert reached_limits(module_engine)[before:] == ["codes-here"]


def test_other_addresses_are_not_held_up(clinic, nobody, rosa):
    with clinic.browser() as browser:
        for _ in range(5):
            codes.ask(browser, nobody)

        codes.ask(browser, rosa)


def test_new_codes_bring_no_end_of_tries(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        answers = []
        for _ in range(4):
            codes.ask(browser, rosa)
            answers += [
                browser.post(codes.SENT_HERE, data={"code": "0" * 6}) for _ in "12345"
            ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [422] * 15 + [429] * 5
    assert answers[-1].headers["retry-after"].isdigit()


def test_who_has_signed_in_here_before_is_not_locked_out_by_strangers(
    clinic, mailbox, rosa
):
    with clinic.browser() as browser, clinic.browser() as stranger:
        codes.ask(browser, rosa)
        browser.post(codes.SENT_HERE, data={"code": codes.code(mailbox, rosa)})
        for _ in range(6):
            last = stranger.post("/sign-in", data={"email": rosa})
        assert last.status_code == 429
        codes.await_emails(mailbox, rosa, 6)
        mailbox.emails.clear()

        codes.ask(browser, rosa)
        answer = browser.post(codes.SENT_HERE, data={"code": codes.code(mailbox, rosa)})

    assert answer.status_code == 303


def test_signing_in_lets_one_ask_as_often_again(clinic, mailbox, rosa):
    for _ in range(7):
        mailbox.emails.clear()
        with clinic.browser() as browser:
            codes.ask(browser, rosa)
            answer = browser.post(
                codes.SENT_HERE, data={"code": codes.code(mailbox, rosa)}
            )
        assert answer.status_code == 303


def test_whoever_was_deactivated_after_asking_is_not_let_in(
    clinic, mailbox, module_engine, rosa
):
    with clinic.browser() as browser:
        codes.ask(browser, rosa)
        code = codes.code(mailbox, rosa)
        with Session(module_engine) as session, session.begin():
            user = session.scalars(select(User).where(User.email == rosa)).one()
            user.deactivated_at = datetime.now(UTC)
        answer = browser.post(codes.SENT_HERE, data={"code": code})

    assert answer.status_code == 422
    assert "has expired" in answer.text
