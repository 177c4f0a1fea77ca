"""Booking without an account: from the doctors to the code, and later by the link."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.booking import BookingSlot, Newcomer, VisitNotification
from db.postgres import Database
from services.core import throttling
from tests.dashboard import codes
from tests.kit import cast
from tests.kit.replicas import await_everywhere
from tests.kit.waiting import eventually
from tests.services.visits import visit_samples

PATH = "/book-a-visit"
NAME = "Nora Newman"
_NETWORKS = count(1)


@pytest.fixture
def doctor(module_engine, module_endpoints):
    """A doctor, and the ids of two free slots of theirs in three days."""
    begins = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0)
    with Session(module_engine) as session, session.begin():
        doctor_id = cast.add_doctor(session).id
        slots = [
            visit_samples.slot(session, doctor_id, begins + timedelta(hours=number))
            for number in range(2)
        ]
    # One replica may have replayed them, and the next one asked not yet.
    with closing(Database(module_endpoints)) as database:
        await_everywhere(database)
    return doctor_id, slots


@pytest.fixture
def email():
    return f"nora-{uuid4().hex[:8]}@example.org"


@pytest.fixture
def visitor(clinic):
    with clinic.browser() as browser:
        # All tests from one network would exceed the limit of bookings per network.
        browser.headers["X-Forwarded-For"] = f"198.51.100.{next(_NETWORKS)}"
        yield browser


def _form(visitor, doctor, number=0):
    """Return the path of a slot's form, and the values it is filled in with."""
    path = f"{PATH}/doctors/{doctor[0]}/times/{doctor[1][number]}"
    # The server's cache of free slots is a moment behind.
    answer = eventually(lambda: visitor.get(path), lambda seen: seen.status_code == 200)
    (attempt,) = re.findall(r'name="attempt" value="([^"]+)"', answer.text)
    return path, {"name": NAME, "attempt": attempt}


def _ask(visitor, doctor, email, number=0):
    path, form = _form(visitor, doctor, number)
    return visitor.post(path, data=form | {"email": email})


def _book(visitor, doctor, email, mailbox):
    """Book the first slot; return the path of the visit."""
    assert _ask(visitor, doctor, email).headers["location"] == f"{PATH}/code"
    answer = visitor.post(f"{PATH}/code", data={"code": codes.code(mailbox, email)})
    assert answer.status_code == 303
    return answer.headers["location"].partition("?")[0]


def _typed_in(page):
    """Return the hidden fields in which a page passes on what was typed before."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def _holder(module_engine, slot_id):
    with Session(module_engine) as session:
        return session.scalar(
            select(BookingSlot.status).where(BookingSlot.slot_id == slot_id)
        )


def test_a_visit_is_booked_from_the_doctors_to_the_code(
    visitor, doctor, email, mailbox, module_engine
):
    eventually(lambda: str(doctor[0]) in visitor.get(PATH).text)
    times = visitor.get(f"{PATH}/doctors/{doctor[0]}").text
    assert all(str(slot) in times for slot in doctor[1])

    own = _book(visitor, doctor, email, mailbox)

    shown = visitor.get(f"{own}?booked").text
    assert "Your visit is booked" in shown
    assert cast.DOCTOR_DORA.name in shown
    assert _holder(module_engine, doctor[1][0]) == "booked"


def test_what_everybody_may_read_says_who_nobody_is(
    visitor, clinic, doctor, email, mailbox
):
    own = _book(visitor, doctor, email, mailbox)

    with clinic.browser() as other:
        pages = [PATH, f"{PATH}/doctors/{doctor[0]}", own]
        texts = "".join(other.get(path).text for path in pages)

    assert NAME not in texts
    assert email not in texts


def test_the_email_with_the_code_holds_nothing_that_was_typed(
    visitor, doctor, email, mailbox
):
    _ask(visitor, doctor, email)

    code = codes.code(mailbox, email)
    (sent,) = codes.emails_to(mailbox, email)
    assert code not in sent["Subject"]
    assert "Nora" not in sent.get_content()
    page = visitor.get(f"{PATH}/code").text
    assert code not in page
    assert "Demo" not in page


def test_an_address_that_is_none_loses_nothing_that_was_typed(visitor, doctor):
    answer = _ask(visitor, doctor, "nora@nowhere")

    assert answer.status_code == 422
    assert "The e-mail is not an address" in answer.text
    assert f'value="{NAME}"' in answer.text
    assert 'aria-describedby="email-problem" aria-invalid="true"' in answer.text


def test_sent_twice_the_form_is_one_booking(visitor, doctor, email, module_engine):
    path, form = _form(visitor, doctor)

    answers = [visitor.post(path, data=form | {"email": email}) for _ in range(2)]

    assert {answer.headers["location"] for answer in answers} == {f"{PATH}/code"}
    with Session(module_engine) as session:
        made = session.scalars(select(Newcomer).where(Newcomer.email == email)).all()
    assert len(made) == 1


def test_a_wrong_code_can_be_corrected(visitor, doctor, email, mailbox):
    _ask(visitor, doctor, email)
    right = codes.code(mailbox, email)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"

    refused = visitor.post(f"{PATH}/code", data={"code": wrong})

    assert (refused.status_code, "4 tries left" in refused.text) == (422, True)
    assert visitor.post(f"{PATH}/code", data={"code": right}).status_code == 303


def test_a_code_is_for_the_browser_that_asked(visitor, clinic, doctor, email, mailbox):
    _ask(visitor, doctor, email)

    with clinic.browser() as other:
        answer = other.post(f"{PATH}/code", data={"code": codes.code(mailbox, email)})

    assert answer.headers["location"] == PATH


def test_who_is_too_late_is_led_to_other_times(
    visitor, clinic, doctor, email, module_engine
):
    path, form = _form(visitor, doctor)
    with clinic.browser() as quicker:
        _ask(quicker, doctor, email)

    answer = visitor.post(path, data=form | {"email": f"late-{email}"})

    assert answer.status_code == 409
    assert "This time has just been taken" in answer.text
    assert f"{PATH}/doctors/{doctor[0]}" in answer.text


def test_who_is_too_late_says_only_another_time(visitor, clinic, doctor, email):
    path, form = _form(visitor, doctor)
    with clinic.browser() as quicker:
        _ask(quicker, doctor, f"first-{email}")
    late = visitor.post(path, data=form | {"email": email}).text

    typed = _typed_in(late)
    (second,) = re.findall(rf'formaction="([^"]+{doctor[1][1]}[^"]*)"', late)
    answer = visitor.post(second, data=typed)

    assert (typed["name"], typed["email"]) == (NAME, email)
    assert answer.headers["location"] == f"{PATH}/code"
    assert email in visitor.get(f"{PATH}/code").text


def test_on_another_day_who_was_too_late_need_not_say_again_who_they_are(
    visitor, clinic, doctor, email
):
    path, form = _form(visitor, doctor)
    with clinic.browser() as quicker:
        _ask(quicker, doctor, f"first-{email}")
    late = visitor.post(path, data=form | {"email": email}).text
    day = re.findall(r'formaction="([^"]+[?]day=[^"]+)"', late)[0]

    typed = _typed_in(visitor.post(day, data=_typed_in(late)).text)

    assert (typed["name"], typed["email"]) == (NAME, email)


def test_after_the_last_wrong_code_only_the_time_is_chosen_again(
    visitor, doctor, email, mailbox
):
    _ask(visitor, doctor, email)
    right = codes.code(mailbox, email)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"

    answers = [visitor.post(f"{PATH}/code", data={"code": wrong}) for _ in range(5)]

    assert answers[-1].status_code == 410
    assert "the time was released" in answers[-1].text
    typed = _typed_in(answers[-1].text)
    assert (typed["name"], typed["email"]) == (NAME, email)


def test_who_asked_too_often_finds_in_the_form_what_they_typed(
    visitor, doctor, email, module_engine
):
    path, form = _form(visitor, doctor)
    for _ in range(throttling.CODES_PER_CLIENT.amount):
        visitor.post(path, data=form | {"email": email})

    answer = visitor.post(path, data=form | {"email": email})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert f'value="{NAME}"' in answer.text
    assert f'value="{email}"' in answer.text
    with Session(module_engine) as session:
        reached = AuditEvent.details["limit"].astext == throttling.CODES_PER_CLIENT.name
        assert session.scalars(select(AuditEvent.outcome).where(reached)).first()


def test_a_time_that_is_given_back_is_free_at_once(
    visitor, doctor, email, module_engine
):
    _ask(visitor, doctor, email)
    assert _holder(module_engine, doctor[1][0]) == "held"

    visitor.post(f"{PATH}/code/release")

    assert _holder(module_engine, doctor[1][0]) is None


def test_a_form_sent_again_for_a_time_given_back_waits_for_no_code(
    visitor, doctor, email, mailbox
):
    path, form = _form(visitor, doctor)
    visitor.post(path, data=form | {"email": email})
    visitor.post(f"{PATH}/code/release")

    # Browsers show the form as it was to whoever goes back to it.
    answer = visitor.post(path, data=form | {"email": email})

    assert answer.status_code == 410
    assert "no longer held for you" in answer.text
    typed = _typed_in(answer.text)
    assert typed["attempt"] != form["attempt"]
    eventually(
        lambda: str(doctor[1][0]) in visitor.get(path.rpartition("/times")[0]).text
    )
    assert visitor.post(path, data=typed).headers["location"] == f"{PATH}/code"
    eventually(lambda: len(codes.emails_to(mailbox, email)) == 2)


def test_by_the_link_a_visit_is_moved_and_cancelled(
    visitor, clinic, doctor, email, *, mailbox, module_engine
):
    own = _book(visitor, doctor, email, mailbox)
    first, second = doctor[1]

    with clinic.browser() as phone:
        eventually(lambda: str(second) in phone.get(f"{own}/times").text)
        phone.post(f"{own}/move", data={"slot": str(second)})
        assert "Your visit is moved" in phone.get(f"{own}?moved").text
        holders = [_holder(module_engine, slot) for slot in (first, second)]
        phone.post(f"{own}/cancel")
        assert "Your visit is cancelled" in phone.get(own).text

    assert holders == [None, "booked"]
    assert _holder(module_engine, second) is None
    with Session(module_engine) as session:
        kinds = session.scalars(
            select(VisitNotification.kind)
            .where(VisitNotification.to_address == email)
            .order_by(VisitNotification.created_at)
        ).all()
    assert kinds == ["confirmed", "moved", "cancelled"]


def test_the_calendar_file_names_nobody_and_no_link(visitor, doctor, email, mailbox):
    own = _book(visitor, doctor, email, mailbox)

    answer = visitor.get(f"{own}/visit.ics")

    assert answer.headers["content-type"].startswith("text/calendar")
    named = answer.headers["content-disposition"]
    assert named == 'attachment; filename="visit.ics"'
    assert "SUMMARY:Visit at" in answer.text
    for word in ("Nora", cast.DOCTOR_DORA.name, own.rpartition("/")[2]):
        assert word not in answer.text.replace("\r\n ", "")


@pytest.mark.parametrize("act", ["cancel", "move", "release"])
def test_another_site_changes_nothing(visitor, doctor, email, mailbox, act):
    own = _book(visitor, doctor, email, mailbox)
    path = f"{PATH}/code/release" if act == "release" else f"{own}/{act}"
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    answer = visitor.post(path, data={"slot": str(doctor[1][1])}, headers=foreign)

    assert answer.status_code == 403
    assert "Cancel my visit" in visitor.get(own).text


@pytest.mark.parametrize("token", ["x", f"{uuid4()}.AAAA"], ids=["junk", "unsigned"])
def test_a_link_that_was_not_made_here_opens_nothing(visitor, token):
    assert visitor.get(f"{PATH}/yours/{token}").status_code == 410


def test_nothing_of_it_is_logged(clinic, visitor, doctor, email, mailbox):
    own = _book(visitor, doctor, email, mailbox)
    visitor.get(own)

    log = clinic.log.read_text()
    for word in (NAME, email, own.rpartition("/")[2]):
        assert word not in log


def test_where_a_clinic_does_not_want_it_there_is_nothing(server):
    with closing(server.browser()) as browser:
        for path in (PATH, f"{PATH}/code", f"{PATH}/yours/x"):
            answer = browser.get(path)
            assert answer.status_code == 404
            assert "Call the clinic" in answer.text
        assert PATH not in browser.get("/sign-in").text
