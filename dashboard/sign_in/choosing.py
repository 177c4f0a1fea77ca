"""The demo's sign-in: a choice of people, and nothing to prove."""

from typing import Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.dependencies import SIGNED_IN
from dashboard.leaving import SIGN_IN_PATH
from dashboard.sign_in.door import Door
from dashboard.sign_in.forms import is_own_form, read_form, safe_next
from dashboard.sign_in.html import go, page, refused, unavailable
from db.routing import DatabaseUnavailable
from services import people
from services.actors import Actor, Role

_DEEDS: Final = {
    Role.STAFF: "Registers, finds and edits patients; archives, merges and exports.",
    Role.CLINICIAN: "Opens, edits and exports patients' records.",
    Role.ANALYST: "Filters, charts and exports patient lists; opens no record.",
    Role.ADMIN: "Watches the replication and imports records; sees no patient.",
    Role.PATIENT: "Sees their own record.",
}


def routes(door: Door) -> list[BaseRoute]:
    """Return the choice of people; only for a demo, where anybody may be anybody."""
    choice = _Choice(door)
    return [
        Route(SIGN_IN_PATH, choice.show, methods=["GET"]),
        Route(SIGN_IN_PATH, choice.sign_in, methods=["POST"]),
    ]


class _Choice:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def show(self, request: Request) -> Response:
        """Show the demo's people."""
        try:
            found = await self._people()
        except DatabaseUnavailable:
            return unavailable()
        current = request.scope.get(SIGNED_IN)
        return page(
            "sign_in.html",
            next=safe_next(request.query_params.get("next")),
            people=[_shown(person, current) for person in found],
            current=next((p.name for p in found if p.id == current), None),
        )

    async def sign_in(self, request: Request) -> Response:
        """Let the chosen person in."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        try:
            found = await self._people()
        except DatabaseUnavailable:
            return unavailable()
        chosen = next((p for p in found if str(p.id) == form.get("person")), None)
        if chosen is None:
            return refused()
        response = go(safe_next(form.get("next")))
        try:
            await self._door.identity.sign_in(
                request, response, chosen.id, method="demo"
            )
        except DatabaseUnavailable:
            return unavailable()
        return response

    async def _people(self) -> tuple[Actor, ...]:
        read = await run_in_threadpool(self._door.database.read, people.demo_people)
        return read.value


def _shown(person: Actor, current: UUID | None) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role.value.capitalize(),
        "deeds": _DEEDS[person.role],
        "is_current": person.id == current,
    }
