"""/api/v1/people and /api/v1/tokens: list who has access, and revoke it.

Access is never granted here. Invitations, roles and new tokens need a passkey that was
used just now, which a program cannot have; they are on the pages.
"""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import (
    FromAttribute,
    JsonResponse,
    Shown,
    read_headers,
    written_headers,
)
from api.core.dependencies import Program
from api.core.documented import refuses, shows
from services.core.actors import Role
from services.documents.sharing import offboarding
from services.people import accounts as people, tokens
from services.people.accounts import Person
from services.people.tokens import Token

router = APIRouter(prefix="/api/v1", tags=["People"])

_MOST: Final = 1000


class PersonShown(Shown):
    """A person who can sign in."""

    uuid: Annotated[UUID, FromAttribute("id")]
    name: str
    role: Role
    email: str
    standing: Literal["invited", "active", "deactivated"]
    passkeys: int
    created_at: datetime
    last_seen_at: datetime | None
    deactivated_at: datetime | None


class PeopleShown(Shown):
    """People by name, a thousand at a time; `next` is null at the end."""

    people: list[PersonShown]
    next: UUID | None


def _scopes(token: Token) -> list[str] | None:
    if token.resource_scopes is not None:
        return [*token.resource_scopes.texts]
    return None if token.scopes is None else sorted(token.scopes)


class TokenShown(Shown):
    """A token without its secret; null scopes mean everything that its role may do."""

    uuid: Annotated[UUID, FromAttribute("id")]
    name: str
    owner: Annotated[UUID, FromAttribute("owner_id")]
    owner_name: Annotated[str, FromAttribute("owner")]
    role: Role
    is_program: bool
    scopes: Annotated[list[str] | None, FromAttribute(_scopes)]
    is_live: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokensShown(Shown):
    """Everybody's tokens, the newest first."""

    tokens: list[TokenShown]


@router.get("/people", responses=shows(PeopleShown))
def list_people(
    caller: Program,
    role: Annotated[list[Role] | None, Query()] = None,
    after: Annotated[
        UUID | None, Query(description="`next` of the previous page.")
    ] = None,
) -> Response:
    """List the people who can sign in, all or those with some roles.

    A page has up to 1,000; pass `next` as `after` for those that follow.
    """
    read = caller.read(
        lambda session: people.list_people(
            session, caller.actor, roles=role or (), after=after, limit=_MOST + 1
        )
    )
    page = read.value[:_MOST]
    content = {
        "people": list(map(PersonShown.of, page)),
        "next": page[-1].id if len(read.value) > _MOST else None,
    }
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get("/people/{uuid}", responses=shows(PersonShown, 404))
def get_person(caller: Program, uuid: UUID) -> Response:
    """Return one person."""
    read = caller.read(lambda session: people.get_person(session, caller.actor, uuid))
    headers = read_headers(read, caller.after)
    return JsonResponse(PersonShown.of(read.value), headers=headers)


@router.post("/people/{uuid}/deactivate", responses=shows(PersonShown, 404, 409))
def deactivate_person(caller: Program, uuid: UUID) -> Response:
    """Deactivate a person at once, with their sign-ins, links and tokens."""

    def deactivate(session: Session) -> Person:
        offboarding.deactivate(session, caller.actor, uuid)
        return people.get_person(session, caller.actor, uuid)

    written = caller.write(deactivate)
    return JsonResponse(PersonShown.of(written.value), headers=written_headers(written))


@router.get("/tokens", responses=shows(TokensShown))
def list_tokens(caller: Program) -> Response:
    """List everybody's tokens, including those that have ended."""
    read = caller.read(lambda session: tokens.list_tokens(session, caller.actor))
    return JsonResponse(
        {"tokens": list(map(TokenShown.of, read.value))},
        headers=read_headers(read, caller.after),
    )


@router.delete("/tokens/{uuid}", status_code=204, responses=refuses(404))
def revoke_token(caller: Program, uuid: UUID) -> Response:
    """Revoke a token for good."""
    written = caller.write(lambda session: tokens.revoke(session, caller.actor, uuid))
    return Response(status_code=204, headers=written_headers(written))
