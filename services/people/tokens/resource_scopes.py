"""Scopes of SMART on FHIR: which types of resources a token reads.

`system/Patient.rs` lets a connected system read Patients and search for them,
`patient/Patient.rs` lets an app read what its patient may. The token's role decides
about everything else, as for every token.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from services.core.actors import PERMISSIONS, Permission, Role, Scope
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

Interaction = Literal["r", "s"]
#: Whose scopes they are: a connected system's, or those of an app for one patient.
Context = Literal["system", "patient"]


@dataclass(frozen=True, slots=True)
class ResourceRights:
    """What reading a type requires: a role's permission and a scope of our own.

    A type without a scope is read together with the types that it is about. `own` is
    the permission by which patients read what is theirs.
    """

    permission: Permission
    scope: Scope | None
    own: Permission | None = None


_OF_PATIENTS: Final = ResourceRights(
    Permission.VIEW_PATIENT, Scope.READ_PATIENTS, Permission.VIEW_OWN_RECORD
)
_OF_NOTES: Final = ResourceRights(Permission.READ_RECORDS, Scope.READ_VISITS)
_OF_VISITS: Final = ResourceRights(
    Permission.VIEW_VISITS, Scope.READ_VISITS, Permission.VIEW_OWN_VISITS
)
_OF_DOCTORS: Final = ResourceRights(Permission.VIEW_DOCTORS, Scope.READ_DOCTORS)
_OF_DOCUMENTS: Final = ResourceRights(
    Permission.VIEW_DOCUMENTS, Scope.READ_DOCUMENTS, Permission.VIEW_OWN_DOCUMENTS
)

#: By the type of resources. That these are the types that are served, a test says.
RESOURCE_RIGHTS: Final[Mapping[str, ResourceRights]] = MappingProxyType(
    {
        "Patient": ResourceRights(
            Permission.LIST_PATIENTS, Scope.READ_PATIENTS, Permission.VIEW_OWN_RECORD
        ),
        "AllergyIntolerance": _OF_PATIENTS,
        "Condition": _OF_NOTES,
        "Observation": _OF_NOTES,
        "MedicationRequest": ResourceRights(
            Permission.VIEW_PRESCRIPTIONS,
            Scope.READ_VISITS,
            Permission.VIEW_OWN_PRESCRIPTIONS,
        ),
        "Practitioner": _OF_DOCTORS,
        "PractitionerRole": _OF_DOCTORS,
        "DocumentReference": _OF_DOCUMENTS,
        "Binary": _OF_DOCUMENTS,
        "Schedule": _OF_DOCTORS,
        "Slot": _OF_DOCTORS,
        "Appointment": _OF_VISITS,
        "Encounter": _OF_VISITS,
        "Provenance": ResourceRights(
            Permission.VIEW_PATIENT, None, Permission.VIEW_OWN_RECORD
        ),
        "AuditEvent": ResourceRights(Permission.VIEW_AUDIT, Scope.READ_AUDIT),
        # Exporting needs a purpose, so no scope alone opens the resources that serve
        # it.
        "Group": ResourceRights(Permission.EXPORT_PATIENTS, None),
    }
)
# The second version of SMART's syntax, and `read` from the first.
_SCOPE: Final = re.compile(
    r"(?P<context>system|patient)/(?P<type>\*|[A-Za-z]+)\.(?P<letters>rs?|s|read)"
)
_EVERYTHING: Final = "*"


class InvalidScope(InvalidInput):
    """The scope is invalid, or the system is registered for none of the wanted ones."""

    def __init__(self, message: str) -> None:
        super().__init__("scope", message)


@dataclass(frozen=True, slots=True)
class ResourceScopes:
    """What a token of a system or an app opens: by type, reading and searching."""

    granted: Mapping[str, frozenset[Interaction]]
    context: Context = "system"

    def allows(self, resource_type: str, interaction: Interaction | None) -> bool:
        """Return whether the type may be read (r), searched (s), or either of them."""
        granted = self.granted.get(resource_type, frozenset())
        return interaction in granted if interaction else bool(granted)

    @property
    def exported(self) -> frozenset[str]:
        """The types that may be exported: those with `rs`, as in Bulk Data Access.

        An app cannot export: it reads for one patient.
        """
        if self.context != "system":
            return frozenset()
        return frozenset(
            name for name, granted in self.granted.items() if granted == {"r", "s"}
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The scopes as SMART writes them."""
        return tuple(
            f"{self.context}/{name}.{''.join(sorted(interactions))}"
            for name, interactions in sorted(self.granted.items())
        )

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes of our own without which the types could not be read."""
        rights = (RESOURCE_RIGHTS[name] for name in self.granted)
        return frozenset(right.scope for right in rights if right.scope is not None)


def resource_types_of(role: Role) -> tuple[str, ...]:
    """Return the types of which a token of this role could read anything."""
    return tuple(
        name
        for name, rights in RESOURCE_RIGHTS.items()
        if {rights.permission, rights.own} & PERMISSIONS[role]
    )


def grant(wanted: str, registered: Collection[str]) -> ResourceScopes:
    """Return what a system is granted that asks for these space-separated scopes.

    `registered` are the only types that it may read; `system/*.rs` asks for all of
    them, and other types that it asks for are left out. Raises InvalidScope if nothing
    is left, and for an invalid scope.
    """
    granted: dict[str, frozenset[Interaction]] = {}
    for text in filter(None, wanted.split(" ")):
        match = _SCOPE.fullmatch(text)
        if match is None or match["context"] != "system":
            raise InvalidScope(
                "Ask for scopes such as system/Patient.rs, separated by spaces."
            )
        name = match["type"]
        for each in registered if name == _EVERYTHING else (name,):
            if each in registered:
                granted[each] = granted.get(each, frozenset()) | _interactions(match)
    if not wanted.strip(" "):
        raise InvalidScope("Say in scope what the token is for: system/Patient.rs.")
    if not granted:
        raise InvalidScope(
            "The system is registered for none of these scopes. Ask an administrator "
            "of the clinic."
        )
    return ResourceScopes(granted)


def grant_to_app(wanted: str, registered: Collection[str]) -> ResourceScopes | None:
    """Return the scopes an app is granted out of `wanted`, or None.

    Apps ask many clinics for the same scopes, so those that are unknown here or not
    registered are left out, as in SMART; the response says what was granted.
    """
    granted: dict[str, frozenset[Interaction]] = {}
    for match in filter(None, map(_SCOPE.fullmatch, wanted.split(" "))):
        if match["context"] != "patient":
            continue
        named = registered if match["type"] == _EVERYTHING else {match["type"]}
        for each in registered:
            if each in named:
                granted[each] = granted.get(each, frozenset()) | _interactions(match)
    return ResourceScopes(granted, "patient") if granted else None


def _interactions(match: re.Match[str]) -> frozenset[Interaction]:
    letters = "rs" if match["letters"] == "read" else match["letters"]
    both: tuple[Interaction, ...] = ("r", "s")
    return frozenset(interaction for interaction in both if interaction in letters)


def read_resource_scopes(kept: Collection[str]) -> ResourceScopes | None:
    """Return the scopes of a system's or an app's token; None for any other token."""
    contexts: tuple[Context, ...] = ("system", "patient")
    for context in contexts:
        if granted := dict(_granted(kept, context)):
            return ResourceScopes(granted, context)
    return None


def _granted(
    kept: Collection[str], context: Context
) -> Iterator[tuple[str, frozenset[Interaction]]]:
    for text in kept:
        match = _SCOPE.fullmatch(text)
        # Types that only another release serves open nothing here.
        if match and match["context"] == context and match["type"] in RESOURCE_RIGHTS:
            yield match["type"], _interactions(match)


def require_types(role: Role, types: Collection[str]) -> list[str]:
    """Return the types in the order of RESOURCE_RIGHTS; raises InvalidInput."""
    if not types:
        raise InvalidInput("resource_types", "Choose at least one type to read.")
    offered = resource_types_of(role)
    for name in types:
        if name not in offered:
            raise InvalidInput(
                "resource_types",
                Sentence(
                    "{name} is nothing that the role {role} may read.",
                    name=name,
                    role=Sentence(role),
                ),
            )
    return [name for name in offered if name in types]
