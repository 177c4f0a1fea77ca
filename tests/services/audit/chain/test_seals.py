"""Seals vouch for the chain, and only for a whole one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db.files.seal_keys import SealKeys, UnusableKey, key_id
from services.audit.chain import ChainBroken, seals
from tests.services.audit.chain.conftest import Log
from tests.services.audit.chain.test_verifying import rewrite


@pytest.fixture
def two(log):
    """A log with two seals."""
    for _ in range(2):
        log.happen(2)
        log.ship()
        log.seal()
    return log


def new_keys(*former: SealKeys) -> SealKeys:
    private = Ed25519PrivateKey.generate()
    known = {key_id(private.public_key()): private.public_key()}
    for keys in former:
        known |= keys.public
    return SealKeys(private, known)


def test_a_seal_tells_how_far_it_goes_and_when_it_was_made(two):
    verdict = two.verify()

    assert verdict.is_whole
    assert verdict.sealed == 4
    assert f"{verdict.sealed_at:%Y-%m-%d}" in verdict.sentence


def test_a_log_without_new_entries_can_be_sealed_again(two):
    assert two.seal().link == two.seal().link
    assert two.verify().is_whole


def test_an_empty_log_can_be_sealed(log):
    assert log.seal().link.sequence == 0
    log.happen(1)
    log.ship()
    assert log.verify().is_whole


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit_seals SET hash = decode(repeat('11', 32), 'hex')", 2),
        ("UPDATE audit_seals SET sequence = 3 WHERE sequence = 4", 3),
        ("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day'", 2),
        ("UPDATE audit_seals SET signature = '' WHERE sequence = 4", 4),
        ("UPDATE audit_seals SET key_id = 'another'", 2),
        ("DELETE FROM audit_seals WHERE sequence = 2", 4),
    ],
    ids=["hash", "sequence", "time", "signature", "key", "one is gone"],
)
def test_a_seal_that_was_tampered_with_shows(two, statement, number):
    two.as_owner(statement)

    assert two.verify().broken.sequence == number


def test_a_seal_of_an_unknown_key_counts_for_nothing(two):
    two.keys = new_keys()

    assert two.verify().broken.sequence == 2


def test_after_a_new_key_the_old_seals_still_count(two):
    two.keys = new_keys(two.keys)
    two.happen(1)
    two.ship()

    two.seal()

    assert two.verify().is_whole
    assert two.verify().sealed == 5


@pytest.mark.parametrize("number", [5, 6])
def test_what_was_tampered_with_since_the_last_seal_is_not_sealed(two, number):
    two.happen(2)
    two.ship()
    two.entries.delete_one({"_id": number})

    with pytest.raises(ChainBroken) as refusal:
        two.seal()

    assert refusal.value.sequence == number


def test_a_head_that_was_replaced_is_not_sealed(two):
    two.set_head(4, "11" * 32)

    with pytest.raises(ChainBroken) as refusal:
        two.seal()

    assert refusal.value.sequence == 4


def test_without_the_private_key_nothing_is_sealed(two):
    two.keys = SealKeys(None, two.keys.public)

    assert two.verify().is_whole
    with pytest.raises(UnusableKey, match="no private key"):
        two.seal()


def test_seals_are_dated_when_they_are_made(two):
    first, second = two.seal(), two.seal()

    assert timedelta(0) < second.sealed_at - first.sealed_at < timedelta(minutes=1)


def test_a_clock_that_was_set_back_does_not_stop_the_seals(two):
    two.as_owner(
        "UPDATE audit_seals SET id = uuidv7(interval '1 year') WHERE sequence = 4"
    )
    two.happen(1)
    two.ship()

    two.seal()

    assert two.verify().is_whole
    assert two.verify().sealed == 5


@pytest.mark.parametrize(
    ("later", "is_due"),
    [("1 year", True), ("5 minutes", False), ("-1 hour", False), ("-1 day", True)],
)
def test_a_seal_is_due_a_day_after_the_last_or_if_that_is_from_the_future(
    two, later, is_due
):
    two.as_owner(
        "UPDATE audit_seals SET sealed_at = sealed_at + %s::interval "
        "WHERE sequence = 4",
        later,
    )

    assert two.write(seals.is_due) is is_due


def without_key(log: Log) -> SealKeys:
    """Return the keys of a log whose key was lost and replaced."""
    keys = new_keys()
    return replace(keys, lost={log.keys.id: keys.id})


@pytest.fixture
def replaced(two):
    """The log of two seals whose key was lost, with one seal of the new key."""
    two.keys = without_key(two)
    two.seal()
    two.happen(2)
    two.ship()
    return two


def test_what_seals_of_a_lost_key_have_proven_is_said_to_be_unproven(replaced):
    verdict = replaced.verify()

    assert verdict.is_whole
    assert verdict.unproven.link.sequence == 4
    assert "The key of the seals up to entry 4" in verdict.sentence
    assert "nothing proves" in verdict.sentence


def test_in_the_name_of_a_lost_key_nobody_signs_after_its_replacement(replaced):
    replaced.as_owner(
        "INSERT INTO audit_seals (sequence, hash, key_id, signature, sealed_at)"
        " SELECT sequence, hash, key_id, signature, sealed_at"
        " FROM audit_seals WHERE sequence = 2"
    )

    verdict = replaced.verify()

    assert not verdict.is_whole
    assert "is not signed by a known key" in verdict.sentence


def test_the_first_seal_of_the_new_key_proves_what_was_there_then(replaced):
    """Whoever writes entries and lost seals anew cannot write that seal."""
    lost = next(iter(replaced.keys.lost))
    replaced.set_head(6, rewrite(replaced.entries, 2, reason="Forged"))
    for number in (2, 4):
        entry = replaced.entries.find_one({"_id": number})
        replaced.as_owner(
            "UPDATE audit_seals SET hash = decode(%s, 'hex') "
            "WHERE sequence = %s AND key_id = %s",
            entry["hash"],
            number,
            lost,
        )

    verdict = replaced.verify()

    assert not verdict.is_whole
    assert "knows another entry 4" in verdict.sentence


def test_nothing_is_sealed_by_a_new_key_that_is_not_whole_from_the_beginning(two):
    two.entries.update_one({"_id": 1}, {"$set": {"reason": "Forged"}})
    two.keys = without_key(two)

    with pytest.raises(ChainBroken, match="Entry 1 was changed"):
        two.seal()


def test_a_seal_is_not_excused_because_another_key_was_lost(two):
    former = two.keys
    two.keys = new_keys(former)
    two.seal()
    lost = two.keys
    two.keys = replace(new_keys(former), lost={lost.id: "c" * 16})
    assert two.verify().is_whole

    two.as_owner("UPDATE audit_seals SET signature = '' WHERE sequence = 2")

    assert not two.verify().is_whole
