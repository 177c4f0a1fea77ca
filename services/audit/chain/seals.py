"""Seals: the end of the chain on one day, signed, so that it cannot be rewritten.

The hashes alone show that entries hold together: somebody who can write to both
databases could make them hold together again, but cannot sign. Each seal also signs the
one before, so that none can be taken out from between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeys
from db.models.audit import AuditHead, AuditSeal
from services.audit.chain.entries import ChainBroken, Link
from services.core.sentences import Sentence

# Less than a day, because the clock is checked once an hour.
_DUE_AFTER: Final = timedelta(hours=23, minutes=30)
_NEWEST_FIRST: Final = select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1)
_PURPOSE: Final = b"chartroom audit seal 1\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed statement that the chain went through a link at a time."""

    link: Link
    key_id: str
    signature: bytes
    sealed_at: datetime


def list_seals(session: Session) -> tuple[Seal, ...]:
    """Return all seals, the oldest first."""
    rows = session.scalars(select(AuditSeal).order_by(AuditSeal.id))
    return tuple(
        Seal(Link(row.sequence, row.hash), row.key_id, row.signature, row.sealed_at)
        for row in rows
    )


def is_due(session: Session) -> bool:
    """Return whether a day has passed since the last seal.

    A seal from tomorrow or later was made while a clock was ahead: it counts for
    nothing, or none would be made until then.
    """
    newest = session.scalar(_NEWEST_FIRST.with_only_columns(AuditSeal.sealed_at))
    return newest is None or abs(datetime.now(UTC) - newest) > _DUE_AFTER


def add(session: Session, link: Link, keys: SealKeys) -> Seal:
    """Seal the chain up to a link that was verified; the caller commits.

    Raises UnusableKey if there is nothing to sign with.
    """
    # Locked, so that two seals do not both follow the same one.
    session.execute(select(AuditHead.id).with_for_update())
    former = list_seals(session)[-1:]
    sealed_at = datetime.now(UTC)
    signature = keys.sign(_message(link, keys.id, sealed_at, former))
    session.add(
        AuditSeal(
            id=_next_id(session),
            sequence=link.sequence,
            hash=link.hash,
            key_id=keys.id,
            signature=signature,
            sealed_at=sealed_at,
        )
    )
    return Seal(link, keys.id, signature, sealed_at)


def _next_id(session: Session) -> UUID:
    """Return an id after those of all seals, also if a clock was set back since.

    The seals' order is that of their ids, which begin with the time.
    """
    now: UUID = session.scalars(func.uuidv7().select()).one()
    newest = session.scalar(_NEWEST_FIRST.with_only_columns(AuditSeal.id))
    return now if newest is None or newest < now else UUID(int=newest.int + 1)


def find_bad_seal(session: Session, keys: SealKeys) -> ChainBroken | None:
    """Return what is wrong with the seals in these rows, if anything is."""
    return check(list_seals(session), keys)


def check(seals: Sequence[Seal], keys: SealKeys) -> ChainBroken | None:
    """Return what is wrong with the first invalid seal, if there is one.

    The seals of lost keys are not invalid, and prove nothing: see `unproven`.
    """
    # By identity: a copy of such a seal that somebody adds later is not excused.
    excused = {id(seal) for seal in unproven(seals, keys)}
    for number, seal in enumerate(seals):
        if id(seal) in excused:
            continue
        former = seals[max(0, number - 1) : number]
        message = _message(seal.link, seal.key_id, seal.sealed_at, former)
        if not keys.is_signed(seal.key_id, seal.signature, message):
            return ChainBroken(
                seal.link.sequence,
                Sentence(
                    "The seal of {day} at entry {number} is not signed by a known key, "
                    "or one before it is gone.",
                    day=seal.sealed_at.date(),
                    number=seal.link.sequence,
                ),
            )
    return None


def unproven(seals: Sequence[Seal], keys: SealKeys) -> tuple[Seal, ...]:
    """Return the seals of lost keys, of which nobody can tell whether they are genuine.

    In a lost key's name anybody may sign, but not after the first seal of the key that
    has replaced it: what is added then is not among them, and is wrong.
    """
    excused, seen = list[Seal](), set[str]()
    for seal in seals:
        replacement = keys.lost.get(seal.key_id)
        if replacement is not None and replacement not in seen:
            excused.append(seal)
        seen.add(seal.key_id)
    return tuple(excused)


def signing_keys(session: Session) -> frozenset[str]:
    """Return the names of the keys that have signed seals."""
    return frozenset(session.scalars(select(AuditSeal.key_id).distinct()))


def _message(
    link: Link, key_id: str, sealed_at: datetime, former: Sequence[Seal]
) -> bytes:
    content = {
        "sequence": link.sequence,
        "hash": link.hash.hex(),
        "key_id": key_id,
        "sealed_at": sealed_at.astimezone(UTC),
        "previous": former[0].signature.hex() if former else None,
    }
    return _PURPOSE + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
