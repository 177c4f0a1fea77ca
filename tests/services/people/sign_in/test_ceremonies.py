"""A challenge is answered by the browser that got it, once, and in time."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from db.models.user import Ceremony
from db.postgres import ANONYMOUS, Database
from services.people.sign_in import ceremonies
from services.people.sign_in.ceremonies import CeremonyOver, Purpose

BROWSER = "the secret of one browser"


@pytest.fixture
def secret(session):
    secret = secrets.token_bytes(32)
    ceremonies.begin(
        session, Purpose.OPENID, BROWSER, secret, details={"next": "/patients"}
    )
    return secret


def test_what_was_kept_with_a_question_comes_back_with_its_answer(session, secret):
    taken = ceremonies.take(session, Purpose.OPENID, BROWSER, secret)

    assert taken.user_id is None
    assert taken.details == {"next": "/patients"}


def test_a_question_is_answered_once(session, secret):
    ceremonies.take(session, Purpose.OPENID, BROWSER, secret)

    with pytest.raises(CeremonyOver):
        ceremonies.take(session, Purpose.OPENID, BROWSER, secret)


@pytest.mark.parametrize(
    ("purpose", "browser", "other"),
    [
        pytest.param(Purpose.SIGN_IN, BROWSER, b"", id="another purpose"),
        pytest.param(Purpose.OPENID, "another", b"", id="another browser"),
        pytest.param(Purpose.OPENID, BROWSER, b"?", id="another secret"),
    ],
)
def test_an_answer_to_something_else_is_none(session, secret, purpose, browser, other):
    with pytest.raises(CeremonyOver):
        ceremonies.take(session, purpose, browser, secret + other)


def test_a_question_is_too_old_after_its_time(session):
    ceremonies.begin(
        session, Purpose.SIGN_IN, BROWSER, b"late", lifetime=timedelta(seconds=-1)
    )

    with pytest.raises(CeremonyOver, match="too long"):
        ceremonies.take(session, Purpose.SIGN_IN, BROWSER, b"late")


def test_the_browsers_secret_is_kept_nowhere(session, secret):
    kept = session.scalars(select(Ceremony)).one()

    assert len(kept.browser_hash) == 32
    assert BROWSER.encode() not in kept.browser_hash


def test_what_can_no_longer_be_answered_is_forgotten(session, secret):
    ceremonies.forget(session, datetime.now(UTC))
    assert session.scalars(select(Ceremony)).all() != []

    ceremonies.forget(session, datetime.now(UTC) + ceremonies.LIFETIME)
    assert session.scalars(select(Ceremony)).all() == []


def test_of_many_answers_at_once_one_counts(endpoints):
    database = Database(endpoints)
    secret = secrets.token_bytes(32)
    database.write(
        lambda s: ceremonies.begin(s, Purpose.SIGN_IN, BROWSER, secret),
        identity=ANONYMOUS,
    )

    def answer(_):
        try:
            database.write(
                lambda s: ceremonies.take(s, Purpose.SIGN_IN, BROWSER, secret),
                identity=ANONYMOUS,
            )
        except CeremonyOver:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(answer, range(8))) == [False] * 7 + [True]
    database.close()
