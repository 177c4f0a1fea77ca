"""Limits: shared by processes, whom they count, and what a refusal says."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import pytest
from limits import RateLimitItemPerSecond
from pymongo import MongoClient

from db.embedded import Addresses
from db.mongo.limit_storage import LimitStorage
from services.core import throttling
from services.core.actors import Role
from services.core.throttling import (
    Limit,
    LimitReached,
    Throttle,
    count_upload,
    uncount_upload,
)
from tests.kit import cast

KEY = "k" * 32
NOWHERE = "mongodb://127.0.0.1:1/?directConnection=true"


@pytest.fixture
def limit() -> Limit:
    return Limit(f"test-{uuid4().hex}", 3, 60)


@pytest.fixture
def storage(addresses: Addresses) -> Iterator[LimitStorage]:
    with closing(LimitStorage(addresses.mongo.url)) as storage:
        yield storage


@pytest.fixture
def throttle(storage: LimitStorage) -> Throttle:
    return Throttle(storage, key=KEY)


def test_what_is_within_the_limit_passes_and_the_next_is_refused(throttle, limit):
    for _ in range(limit.amount):
        throttle.take(limit, "somebody")

    with pytest.raises(
        LimitReached, match=r"Too many attempts. Try again in \d+ seconds"
    ):
        throttle.take(limit, "somebody")


def test_a_refusal_says_when_one_more_will_pass(throttle, limit):
    short = Limit(limit.name, 2, 1)
    throttle.take(short, "somebody")
    throttle.take(short, "somebody")

    with pytest.raises(LimitReached) as refusal:
        throttle.take(short, "somebody")

    assert refusal.value.retry_after_seconds == 1


def test_what_waits_as_long_as_it_was_told_passes(throttle, limit):
    short = Limit(limit.name, 1, 1)
    throttle.take(short, "somebody")
    with pytest.raises(LimitReached) as refusal:
        throttle.take(short, "somebody")

    # MongoDB's own clock counts, which no test can move.
    time.sleep(refusal.value.retry_after_seconds + 0.05)

    throttle.take(short, "somebody")


@pytest.mark.parametrize(
    "other", [("nobody",), ("somebody", "else"), ()], ids=["other", "more", "less"]
)
def test_others_are_not_held_up(throttle, limit, other):
    for _ in range(limit.amount):
        throttle.take(limit, "somebody")

    throttle.take(limit, *other)


def test_parts_of_a_name_cannot_be_shifted(throttle, limit):
    once = Limit(limit.name, 1, 60)
    throttle.take(once, "ab", "c")

    throttle.take(once, "a", "bc")


def test_all_processes_count_together(addresses, throttle, limit):
    with closing(LimitStorage(addresses.mongo.url)) as other:
        neighbour = Throttle(other, key=KEY)
        for _ in range(limit.amount):
            neighbour.take(limit, "somebody")

    with pytest.raises(LimitReached):
        throttle.take(limit, "somebody")


def test_many_at_once_get_exactly_what_there_is(throttle, limit):
    wide = Limit(limit.name, 10, 60)

    def try_one(_: int) -> bool:
        try:
            throttle.take(wide, "somebody")
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(try_one, range(40)))

    assert passed == wide.amount


def test_only_the_first_refusal_of_a_while_is_news(throttle, limit):
    for _ in range(limit.amount):
        throttle.take(limit, "somebody")

    firsts = []
    for _ in range(3):
        with pytest.raises(LimitReached) as refusal:
            throttle.take(limit, "somebody")
        firsts.append(refusal.value.is_first)

    assert firsts == [True, False, False]


def test_whoever_proves_who_they_are_starts_anew(throttle, limit):
    for _ in range(limit.amount):
        throttle.take(limit, "somebody")
    with pytest.raises(LimitReached):
        throttle.take(limit, "somebody")

    throttle.reset(limit, "somebody")

    for _ in range(limit.amount):
        throttle.take(limit, "somebody")
    with pytest.raises(LimitReached) as refusal:
        throttle.take(limit, "somebody")
    assert refusal.value.is_first


def test_nobody_can_read_in_mongodb_whose_limits_they_are(addresses, throttle, limit):
    throttle.take(limit, "rosa.lindqvist@example.org")

    with MongoClient(addresses.mongo.url) as client:
        kept = str(list(client["chartroom"]["limit_windows"].find()))

    assert kept != "[]"
    assert "rosa" not in kept
    assert limit.name not in kept


def test_mongodb_forgets_what_is_over(addresses, throttle, limit):
    throttle.take(limit, "somebody")

    with MongoClient(addresses.mongo.url) as client:
        indexes = client["chartroom"]["limit_windows"].index_information()

    assert any(about.get("expireAfterSeconds") == 0 for about in indexes.values())


def test_without_mongodb_each_process_still_counts_for_itself(limit):
    with closing(LimitStorage(NOWHERE)) as storage:
        alone = Throttle(storage, key=KEY)
        for _ in range(limit.amount):
            alone.take(limit, "somebody")

        with pytest.raises(LimitReached):
            alone.take(limit, "somebody")


def test_a_dead_mongodb_is_not_asked_again_at_once_but_soon(caplog):
    caplog.set_level(logging.DEBUG, logger="pymongo.serverSelection")
    now = [0.0]
    item = RateLimitItemPerSecond(100, 60)
    with closing(LimitStorage(NOWHERE, clock=lambda: now[0])) as storage:

        def is_tried(timestamp: float) -> bool:
            caplog.clear()
            now[0] = timestamp
            storage.hit(item, "somebody")
            return "Server selection started" in caplog.text

        attempts = [is_tried(timestamp) for timestamp in (0.0, 4.9, 5.1)]

    assert attempts == [True, False, True]


@pytest.mark.parametrize(
    ("role", "amount"),
    [(Role.PATIENT, 10), (Role.STAFF, 300), (Role.CLINICIAN, 300)],
)
def test_each_account_has_so_many_uploads_an_hour(throttle, role, amount):
    actor, another = cast.act_as_somebody(role), cast.act_as_somebody(role)
    for _ in range(amount):
        count_upload(throttle, actor)

    with pytest.raises(LimitReached) as refusal:
        count_upload(throttle, actor)

    assert 1 <= refusal.value.retry_after_seconds <= 3600
    count_upload(throttle, another)


def test_a_file_that_is_not_filed_counts_as_one_that_was_sent(throttle, monkeypatch):
    filed = Limit(f"filed-{uuid4().hex}", 1, 3600)
    tried = Limit(f"tried-{uuid4().hex}", 3, 3600)
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", filed)
    monkeypatch.setattr(throttling, "UPLOADS_TRIED_PATIENT", tried)
    patient = cast.act_as_somebody(Role.PATIENT)
    for _ in range(2):
        count_upload(throttle, patient)
        uncount_upload(throttle, patient)
    count_upload(throttle, patient)

    with pytest.raises(LimitReached) as refusal:
        count_upload(throttle, patient)

    assert refusal.value.limit is tried


def test_what_is_taken_back_is_free_again_without_mongodb_as_well(limit):
    with closing(LimitStorage(NOWHERE)) as storage:
        throttle = Throttle(storage, key=KEY)
        for _ in range(limit.amount):
            throttle.take(limit, "somebody")

        throttle.give_back(limit, "somebody")

        throttle.take(limit, "somebody")
        with pytest.raises(LimitReached):
            throttle.take(limit, "somebody")
