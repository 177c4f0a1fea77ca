"""One-time codes: whose, for how long, how often, and what they leave behind."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.models.user import LoginCode, User
from db.postgres import Database
from db.postgres.identity import ANONYMOUS
from services.people.sign_in import codes
from services.people.sign_in.codes import CodeRequest, RefusedCode
from tests.kit import cast
from tests.kit.audit_events import events_of

EMAIL = cast.ROSA.email
CODE, WRONG = "271828", "314159"
ASKING = CodeRequest(EMAIL, "the browser's own secret", "k" * 32)


@pytest.fixture
def rosa(session: Session) -> User:
    return cast.add_account(session, cast.ROSA)


def _ask(session: Session, asking: CodeRequest = ASKING, **options: Any) -> Any:
    return codes.ask(session, asking, CODE, **{"is_demo": False, **options})


def test_the_right_code_says_who_it_is(session, rosa):
    addressee = _ask(session)

    assert addressee.email == EMAIL
    assert codes.check(session, ASKING, CODE) == rosa.id


@pytest.mark.parametrize("written", [EMAIL.upper(), f"  {EMAIL} "])
def test_an_address_is_the_same_however_it_is_written(session, rosa, written):
    asking = replace(ASKING, email=written)

    assert _ask(session, asking).id == rosa.id
    assert asking.address == ASKING.address


def test_a_domain_with_an_umlaut_signs_in_however_the_browser_sends_it(session):
    """Chromium sends what is typed into a field for an e-mail address in ASCII."""
    written = "jo@praxis-müller.example.org"
    jo = cast.add_account(session, cast.ROSA, email=written)
    sent = replace(ASKING, email="jo@xn--praxis-mller-klb.example.org")

    assert _ask(session, sent).email == written
    assert sent.address == replace(ASKING, email=written).address
    assert codes.check(session, sent, CODE) == jo.id


def test_a_code_is_good_once(session, rosa):
    _ask(session)
    codes.check(session, ASKING, CODE)

    assert codes.check(session, ASKING, CODE) == RefusedCode()


def test_five_wrong_tries_are_all_there_are(session, rosa):
    _ask(session)

    left = [codes.check(session, ASKING, WRONG).tries_left for _ in range(5)]

    assert left == [4, 3, 2, 1, 0]
    after = codes.check(session, ASKING, CODE)
    assert after == RefusedCode(was_tried_too_often=True)


def test_nobodys_code_is_tried_too_often_in_the_same_way(session):
    assert _ask(session) is None

    checks = [codes.check(session, ASKING, WRONG) for _ in range(6)]

    assert [check.was_tried_too_often for check in checks] == [False] * 4 + [True] * 2


def test_the_fifth_try_may_still_be_the_right_one(session, rosa):
    _ask(session)
    for _ in range(4):
        codes.check(session, ASKING, WRONG)

    assert codes.check(session, ASKING, CODE) == rosa.id


def test_asvs_6_5_5_after_five_minutes_a_code_is_over(session, rosa):
    _ask(session)
    kept = session.scalars(select(LoginCode)).one()
    assert kept.expires_at - kept.created_at == timedelta(minutes=5)
    session.execute(update(LoginCode).values(expires_at=datetime.now(UTC)))
    session.expire_all()

    assert codes.check(session, ASKING, CODE) == RefusedCode()


def test_asvs_6_6_2_another_browser_can_do_nothing_with_the_code(session, rosa):
    _ask(session)

    elsewhere = replace(ASKING, browser="somebody else's")

    assert codes.check(session, elsewhere, CODE) == RefusedCode()
    assert codes.check(session, ASKING, CODE) == rosa.id


def test_a_new_code_replaces_the_one_before(session, rosa):
    codes.ask(session, ASKING, WRONG, is_demo=False)
    _ask(session)

    assert codes.check(session, ASKING, WRONG) == RefusedCode(4)
    assert codes.check(session, ASKING, CODE) == rosa.id


def test_somebody_deactivated_is_nobody(session, rosa):
    rosa.deactivated_at = datetime.now(UTC)
    session.flush()

    assert _ask(session) is None


def test_the_demos_people_are_nobody_outside_the_demo(session, rosa):
    """ASVS 6.3.2: no account that comes with the program opens anything."""
    rosa.is_demo = True
    session.flush()

    assert _ask(session, is_demo=False) is None
    assert codes.check(session, ASKING, CODE) == RefusedCode(4)
    assert _ask(session, is_demo=True).id == rosa.id


def test_an_unknown_address_leaves_the_same_traces_and_never_gets_in(session):
    assert _ask(session) is None
    left = [codes.check(session, ASKING, code).tries_left for code in (WRONG, CODE)]

    kept = session.scalars(select(LoginCode)).one()
    assert left == [4, 3]
    assert (kept.user_id, kept.tries) == (None, 2)
    actions = [(event.action, event.outcome) for event in events_of(session)]
    assert actions == [
        ("code:request", "done"),
        ("session:start", "failed"),
        ("session:start", "failed"),
    ]


def test_asvs_6_5_2_neither_code_nor_browser_nor_address_is_kept(session, rosa):
    _ask(session)
    codes.check(session, ASKING, WRONG)

    kept = session.scalars(select(LoginCode)).one()
    held = b"|".join((kept.salt, kept.code_hash, kept.browser_hash))
    details = str([(e.details, e.subject_id) for e in events_of(session)])
    for secret in (CODE, WRONG, ASKING.browser, EMAIL):
        assert secret.encode() not in held
        assert secret not in details


def test_the_same_code_is_never_hashed_the_same(session, rosa):
    _ask(session)
    _ask(session)

    first, second = session.scalars(select(LoginCode.code_hash))
    assert first != second


def test_without_the_servers_key_no_code_fits(session, rosa):
    _ask(session)

    assert codes.check(session, replace(ASKING, key="x" * 32), CODE) == RefusedCode(4)


def test_what_was_tried_is_told_with_whom_it_was_about(session, rosa):
    _ask(session)
    codes.check(session, ASKING, WRONG)

    requested, failed = events_of(session)
    for event in (requested, failed):
        assert event.actor_id is None
        assert (event.subject_kind, event.subject_id) == ("user", str(rosa.id))
        assert event.details["address"] == ASKING.address


def test_asvs_6_5_4_codes_are_six_digits_and_each_another():
    made = {codes.new_code() for _ in range(200)}

    assert all(len(code) == 6 and code.isdigit() for code in made)
    assert len(made) > 190


def test_codes_that_are_over_are_forgotten(session, rosa):
    _ask(session)
    now = datetime.now(UTC)

    codes.forget(session, now)
    assert session.scalars(select(LoginCode)).all() != []
    codes.forget(session, now + timedelta(minutes=6))

    assert session.scalars(select(LoginCode)).all() == []


@pytest.fixture
def race(endpoints: Endpoints, database_url: str) -> Any:
    """Answers requests with these codes at the same instant."""
    from tests.conftest import connect

    engine = connect(database_url)
    with Session(engine) as session, session.begin():
        cast.add_account(session, cast.ROSA)
        _ask(session)
    with closing(Database(endpoints)) as database:
        yield lambda tried: _race(database, tried)
    engine.dispose()


def _race(database: Database, tried: list[str]) -> list[UUID | RefusedCode]:
    start = Barrier(len(tried))

    def check(code: str) -> UUID | RefusedCode:
        start.wait(10)
        return database.write(
            lambda session: codes.check(session, ASKING, code), identity=ANONYMOUS
        ).value

    with ThreadPoolExecutor(len(tried)) as pool:
        return list(pool.map(check, tried))


def test_asvs_6_5_1_of_two_requests_with_the_right_code_one_gets_in(race):
    """ASVS 6.5.1: a code is valid once, however many use it at once."""
    answers = race([CODE] * 6)

    assert len([answer for answer in answers if isinstance(answer, UUID)]) == 1


def test_asvs_6_6_3_a_burst_has_no_more_tries_than_five(race):
    answers = race([WRONG] * 12)

    assert sorted(answer.tries_left for answer in answers) == [0] * 8 + [1, 2, 3, 4]
    assert race([CODE]) == [RefusedCode(was_tried_too_often=True)]
