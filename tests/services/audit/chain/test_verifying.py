"""Whatever somebody changes in the log, verifying finds it and names the entry."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bson import Code
from pymongo.collection import Collection

from services.audit import chain
from services.audit.chain.entries import hash_of
from tests.kit import cast

Entries = Collection[dict[str, Any]]


@pytest.fixture(scope="module")
def six_entries(module_log):
    """A log of six entries, the first four of them sealed."""
    module_log.happen(4)
    module_log.ship()
    module_log.seal()
    module_log.happen(2)
    module_log.ship()
    return module_log


@pytest.fixture
def sealed(six_entries):
    """The same log, restored after each test."""
    with six_entries.restored():
        yield six_entries


def test_a_copy_of_the_log_is_followed_entry_by_entry(sealed):
    log = list(sealed.store.walk_after(0))
    assert list(chain.follow_all(iter(log))) == log
    assert chain.link_of(log[-1]).sequence == len(log)

    changed = [*log[:2], log[2] | {"action": "patient:print"}, *log[3:]]
    for copy, sentence in (
        ([*log[:2], *log[3:]], "Entry 3 is missing"),
        (changed, "Entry 3 was changed"),
        ([log[0], log[2], log[1]], "Entry 2 is missing"),
    ):
        with pytest.raises(chain.ChainBroken, match=sentence):
            list(chain.follow_all(iter(copy)))


def test_an_untouched_log_is_whole(sealed):
    verdict = sealed.verify()

    assert verdict.is_whole
    assert (verdict.checked, verdict.last, verdict.sealed) == (6, 6, 4)
    assert verdict.sentence.startswith(
        "The audit log is whole up to entry 6 (6 checked), sealed up to entry 4 on "
    )


def test_an_empty_log_is_whole(log):
    verdict = log.verify()

    assert verdict.is_whole
    assert "not yet sealed; events that have yet to be added: 0." in verdict.sentence


def edit(entries: Entries, number: int, **values: object) -> None:
    """Change only one entry."""
    entries.update_one({"_id": number}, {"$set": values})


def rewrite(entries: Entries, first: int, **values: object) -> str:
    """Change an entry, and rehash it and all that follow."""
    previous = entries.find_one({"_id": first})["previous"]
    for entry in list(entries.find({"_id": {"$gte": first}}).sort("_id")):
        changed = entry | {"previous": previous} | values
        changed["hash"] = previous = hash_of(changed).hex()
        entries.replace_one({"_id": entry["_id"]}, changed)
        values = {}
    return previous


def swap(entries: Entries, left: int, right: int) -> None:
    """Swap two entries."""
    first, second = entries.find_one({"_id": left}), entries.find_one({"_id": right})
    entries.delete_many({"_id": {"$in": [left, right]}})
    entries.insert_one(first | {"_id": right})
    entries.insert_one(second | {"_id": left})


TAMPERINGS: dict[str, tuple[Callable[[Entries], object], int]] = {
    "who": (lambda e: edit(e, 3, actor_id=str(uuid4())), 3),
    "when": (lambda e: edit(e, 3, at=datetime(2020, 1, 1, tzinfo=UTC)), 3),
    "details": (lambda e: edit(e, 1, details="{}" + " "), 1),
    "the last one": (lambda e: edit(e, 6, reason="none"), 6),
    "a field is added": (lambda e: edit(e, 2, note="x"), 2),
    "a field is removed": (
        lambda e: e.update_one({"_id": 2}, {"$unset": {"at": 1}}),
        2,
    ),
    "a time becomes its text": (
        lambda e: edit(e, 2, at=e.find_one({"_id": 2})["at"].isoformat()),
        2,
    ),
    "a text becomes code": (lambda e: edit(e, 2, action=Code("patient:read")), 2),
    "nothing becomes no number": (lambda e: edit(e, 2, reason=float("nan")), 2),
    "the hash is emptied": (lambda e: edit(e, 2, hash="", at=None), 2),
    "hashed anew": (
        lambda e: edit(
            e,
            5,
            reason="x",
            hash=hash_of(e.find_one({"_id": 5}) | {"reason": "x"}).hex(),
        ),
        6,
    ),
    "the rest is hashed anew": (lambda e: rewrite(e, 5, reason="x"), 6),
    "one is deleted": (lambda e: e.delete_one({"_id": 3}), 3),
    "the first is deleted": (lambda e: e.delete_one({"_id": 1}), 1),
    "the last is deleted": (lambda e: e.delete_one({"_id": 6}), 6),
    "the last three are deleted": (lambda e: e.delete_many({"_id": {"$gt": 3}}), 4),
    "all are deleted": (lambda e: e.delete_many({}), 1),
    "two changed places": (lambda e: swap(e, 2, 3), 2),
    "the last two changed places": (lambda e: swap(e, 5, 6), 5),
    "one is made up": (
        lambda e: e.insert_one(
            e.find_one({"_id": 6}) | {"_id": 7, "event": str(uuid4())}
        ),
        7,
    ),
    "the clinic went back to a number": (
        lambda e: rewrite(e, 6, action="backup:go-back", details='{"to": 5}'),
        6,
    ),
    "the clinic went back to no time": (
        lambda e: rewrite(e, 6, action="backup:go-back", details="nothing"),
        6,
    ),
    "the clinic went back before all time": (
        lambda e: rewrite(
            e,
            6,
            action="backup:go-back",
            details='{"to": "0001-01-01T00:00:00+14:00"}',
        ),
        6,
    ),
    "something else is put in": (lambda e: e.insert_one({"_id": "x", "event": 1}), 7),
    "something is put before": (lambda e: e.insert_one({"_id": -1, "event": 1}), 1),
}


@pytest.mark.parametrize(("tamper", "number"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_shows_at_the_first_entry_that_it_touched(sealed, tamper, number):
    tamper(sealed.entries)

    verdict = sealed.verify()

    assert not verdict.is_whole
    assert verdict.broken.sequence == number
    assert verdict.sentence.startswith(f"The audit log is broken at entry {number}: ")


def test_what_is_no_entry_is_called_so(sealed):
    sealed.entries.insert_one({"_id": "x", "event": 1})

    assert "Something else than an entry is in the log." in sealed.verify().sentence


def test_a_chain_told_anew_with_its_head_is_found_by_the_seal(sealed):
    sealed.set_head(6, rewrite(sealed.entries, 2, reason="x"))

    verdict = sealed.verify()

    assert verdict.broken.sequence == 4
    assert "The seal of" in verdict.sentence


def test_a_log_cut_short_with_its_head_is_found_by_the_seal(sealed):
    sealed.entries.delete_many({"_id": {"$gt": 2}})
    sealed.set_head(2, sealed.entries.find_one({"_id": 2})["hash"])

    verdict = sealed.verify()

    assert verdict.broken.sequence == 3
    assert "it was set back" in verdict.sentence


def test_an_event_put_into_the_log_with_its_head_set_back_is_found(sealed):
    sealed.set_head(5, sealed.entries.find_one({"_id": 5})["hash"])

    assert sealed.verify().broken.sequence == 6


def test_without_its_head_the_log_is_not_whole(sealed):
    sealed.as_owner("DELETE FROM audit_head")

    assert "The head of the audit log is gone" in sealed.verify().sentence


def test_what_was_just_added_and_has_yet_to_be_noted_is_no_alarm(sealed):
    class Dying:
        list_after = sealed.store.list_after

        def append(self, documents):
            sealed.store.append(documents)
            raise ConnectionError

    sealed.happen(2)
    with pytest.raises(ConnectionError):
        sealed.ship(store=Dying())

    verdict = sealed.verify()

    assert verdict.is_whole
    assert (verdict.last, verdict.waiting) == (8, 2)


def test_what_is_shipped_while_it_reads_is_no_alarm(sealed):
    class Busy:
        def walk_after(self, sequence):
            sealed.happen(1)
            sealed.ship()
            yield from sealed.store.walk_after(sequence)
            sealed.happen(1)
            sealed.ship()

    verdict = chain.verify(sealed.database, Busy(), sealed.keys)

    assert verdict.is_whole
    assert verdict.last == 7


def _shipped(log, at):
    """Make the entries of the log look as if shipped long ago."""
    for entry in list(log.entries.find().sort("_id")):
        edit(log.entries, entry["_id"], shipped_at=at)
    log.set_head(log.head()[0], rewrite(log.entries, 1))


def test_entries_older_than_ten_years_may_be_gone(log):
    log.happen(4)
    log.ship()
    _shipped(log, datetime.now(UTC) - timedelta(days=3_660))

    log.entries.delete_many({"_id": {"$lt": 3}})

    verdict = log.verify()
    assert verdict.is_whole
    assert (verdict.checked, verdict.last) == (2, 4)


def test_entries_of_less_than_ten_years_may_not(log):
    log.happen(4)
    log.ship()
    _shipped(log, datetime.now(UTC) - timedelta(days=3_650))

    log.entries.delete_many({"_id": {"$lt": 3}})

    assert log.verify().broken.sequence == 1


def test_the_old_ones_may_only_be_gone_from_the_beginning(log):
    log.happen(4)
    log.ship()
    _shipped(log, datetime.now(UTC) - timedelta(days=3_660))

    log.entries.delete_one({"_id": 3})

    assert log.verify().broken.sequence == 3


def test_nothing_of_what_happened_is_in_a_verdict(sealed):
    secret = cast.ROSA.name
    edit(sealed.entries, 2, details=secret, reason=secret)

    assert secret not in repr(sealed.verify())


def test_a_deleted_event_that_was_never_shipped_is_beyond_the_chain(sealed):
    # No login of the app may do that (see tests/db): the chain begins with shipping.
    sealed.happen(1)
    sealed.as_owner("DELETE FROM audit_events")

    assert sealed.verify().is_whole
