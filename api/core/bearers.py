"""Bearer tokens: who acts with them, looked up at most once a second, and on what."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Final

from cachetools import TTLCache
from sqlalchemy.orm import Session

from db.postgres import ANONYMOUS, Database
from services.core.errors import InsufficientScope
from services.core.sentences import Sentence
from services.people import tokens
from services.people.patient_apps import APP_TYPES
from services.people.tokens import Bearer, Interaction, ResourceScopes

# As long as a sign-in's cookie is cached: a revoked token works for a second at most.
_KEPT_SECONDS: Final = 1.0
_MOST_KEPT: Final = 10_000


class Bearers:
    """The tokens in use, each cached for a second after it was looked up.

    A program makes several calls a second, and looking up its token is one of three
    transactions of a call that reads a list. Only tokens that were found are cached: a
    token that is unknown now may be issued the next moment.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._kept: TTLCache[str, Bearer]
        self._kept = TTLCache(_MOST_KEPT, _KEPT_SECONDS, timer=clock)
        self._lock = Lock()

    def known(self, token: str) -> Bearer | None:
        """Return the bearer found with this token within the last second, if any."""
        with self._lock:
            return self._kept.get(token)

    def find(self, database: Database, token: str) -> Bearer | None:
        """Return the bearer of this token; None if it is unknown, expired or revoked.

        Raises DatabaseUnavailable.
        """
        bearer = self.known(token)
        if bearer is not None:
            return bearer
        bearer = _look_up(database, token)
        if bearer is not None:
            with self._lock:
                # The call that has found it records its use.
                self._kept[token] = replace(bearer, is_to_be_noted=False)
        return bearer


def _look_up(database: Database, token: str) -> Bearer | None:
    def find(session: Session) -> Bearer | None:
        return tokens.find(session, token)

    bearer = database.read(find, identity=ANONYMOUS).value
    if bearer is not None:
        return bearer
    # A replica may not yet have a token that was issued a moment ago.
    return database.read_newest(find, identity=ANONYMOUS).value


def require_in_scope(scopes: ResourceScopes, method: str, route: str) -> None:
    """Raise InsufficientScope unless a connected system or an app may use this route.

    Such a token reads by FHIR what its scopes name, and nothing else. Routes that are
    not known to do that are refused, so that a route added later opens nothing.
    """
    if _is_of_exports(method, route):
        if scopes.context == "patient":
            raise InsufficientScope(
                "Apps of patients may not export anything.", needed=None
            )
        if not scopes.exported:
            raise InsufficientScope(
                "This token may not export anything: request system/*.rs, or "
                "single types such as system/Patient.rs.",
                needed="system/*.rs",
            )
        return
    called = _interaction_of(method, route)
    if called is None:
        raise InsufficientScope(
            "This token may only read the FHIR resources that its scopes name.",
            needed=None,
        )
    require_type(scopes, *called)


def require_type(
    scopes: ResourceScopes | None, name: str, interaction: Interaction | None = None
) -> None:
    """Raise InsufficientScope unless the scopes allow reading or searching a type."""
    if scopes is not None and not scopes.allows(name, interaction):
        if scopes.context == "patient" and name not in APP_TYPES:
            raise InsufficientScope(
                Sentence("Apps of patients may not read {name}.", name=name),
                needed=None,
            )
        scope = f"{scopes.context}/{name}.rs"
        raise InsufficientScope(
            Sentence(
                "This token gives no access to {name}: request {scope}.",
                name=name,
                scope=scope,
            ),
            needed=scope,
        )


def require_export_of(scopes: ResourceScopes | None, name: str) -> None:
    """Raise InsufficientScope unless the scopes allow exporting all of a type."""
    if scopes is not None and name not in scopes.exported:
        raise InsufficientScope(
            Sentence(
                "This token may not export {name}: request system/{name}.rs.",
                name=name,
            ),
            needed=f"system/{name}.rs",
        )


def _is_of_exports(method: str, route: str) -> bool:
    """Return whether a route starts, reports, sends or deletes an export."""
    match method, route.split("/"):
        case "GET" | "POST", (
            ["", "fhir", "$export"]
            | ["", "fhir", "Patient", "$export"]
            | ["", "fhir", "Group", "{group_id}", "$export"]
        ):
            return True
        case "GET" | "DELETE", ["", "fhir", "$export", "{export_id}"]:
            return True
        case "GET", ["", "fhir", "$export", "{export_id}", "{number}"]:
            return True
        case _:
            return False


def _interaction_of(method: str, route: str) -> tuple[str, Interaction] | None:
    """Return the type that a route's template reads or searches; None if neither."""
    match method, route.split("/"):
        case "GET", (
            ["", "fhir", name, "{resource_id}"]
            | ["", "fhir", name, "{resource_id}", "_history"]
            | ["", "fhir", name, "{resource_id}", "_history", "{version_id}"]
        ):
            return name, "r"
        # The summary includes other types where the token opens them, and names what it
        # omits.
        case "GET" | "POST", [
            "",
            "fhir",
            "Patient" as name,
            "{resource_id}",
            "$summary",
        ]:
            return name, "r"
        case ("GET", ["", "fhir", name]) | ("POST", ["", "fhir", name, "_search"]):
            return name, "s"
        # It offers the same times as a search for free slots, and holds none.
        case "GET" | "POST", ["", "fhir", "Appointment" as name, "$find"]:
            return name, "s"
        case _:
            return None
