"""Idempotency-Key: a request that is sent again takes effect once."""

from typing import Annotated, Final
from uuid import UUID, uuid4, uuid5

from fastapi import Header

from api.core.dependencies import IDEMPOTENCY_KEY
from services.core.actors import Actor
from services.core.errors import InvalidInput

_LONGEST_KEY: Final = 255

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=IDEMPOTENCY_KEY,
        description="A key of your choice, new for each operation; a request "
        "sent again with the same key takes effect once.",
    ),
]


def attempt_of(actor: Actor, key: str | None) -> UUID:
    """Return the same id for the same key of the same actor, a new one without a key.

    Raises InvalidInput.
    """
    if key is None:
        return uuid4()
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidInput(
            IDEMPOTENCY_KEY, f"The key must have 1 to {_LONGEST_KEY} characters."
        )
    try:
        return UUID(key)
    except ValueError:
        return uuid5(actor.id, key)


def id_for(actor: Actor, key: str | None) -> UUID | None:
    """Return the id of what the actor creates with this key; None without a key.

    Nobody else's key leads to it, even if it is the same UUID. Raises InvalidInput.
    """
    return None if key is None else uuid5(actor.id, str(attempt_of(actor, key)))
