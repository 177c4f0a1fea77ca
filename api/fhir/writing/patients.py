"""A Patient that was sent, read as the draft of a record."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.core.outcomes import InvalidResource, Issue
from api.fhir import systems
from api.fhir.definitions import Creation, Draft, Resource
from api.fhir.resources.patients import NAME, patient_resource
from api.fhir.writing.elements import (
    CODEABLE,
    OF_EVERY_RESOURCE,
    Refused,
    Shape,
    day_of,
    invalid,
    require_no_errors,
    unkept,
)
from services.core.actors import Permission
from services.core.errors import Problem
from services.patients.duplicates import duplicates
from services.patients.duplicates.scores import LIKELY
from services.patients.records import locks, patients
from services.patients.records.model import PatientDraft, Sex
from services.patients.records.rules import InvalidPatient

_PERSON: Final[dict[str, Shape]] = {
    "use": str,
    "text": str,
    "family": str,
    "given": [str],
}
_ADDRESS: Final = ("city", "district", "state", "postalCode", "country")
_POSTAL: Final[dict[str, Shape]] = {
    "use": str,
    "type": str,
    "text": str,
    "line": [str],
    **dict.fromkeys(_ADDRESS, str),
}
_TELECOM: Final[Shape] = [{"system": str, "value": str, "use": str, "rank": int}]
# Values of the past, and names by which nobody is registered: FHIR does not allow them
# to be taken for current ones.
_PASSED_OVER: Final = frozenset({"old", "maiden", "nickname", "anonymous"})
_LAST: Final = 1_000_000_000
# Roles of a contact: who is called in an emergency, and insurers, employers,
# authorities and others who must not be called instead.
_EMERGENCY_ROLES: Final = frozenset({"C", "EP"})
_OTHER_ROLES: Final = frozenset({"BP", "E", "F", "I", "PR", "S"})
_NEVER_CALLED: Final = 2
SHAPE: Final[dict[str, Shape]] = {
    **OF_EVERY_RESOURCE,
    "active": bool,
    "name": [_PERSON],
    "telecom": _TELECOM,
    "gender": str,
    "birthDate": str,
    "deceasedBoolean": bool,
    "deceasedDateTime": Refused,
    # Such elements have extensions only, for instance for an unknown time.
    **dict.fromkeys(("_deceasedBoolean", "_deceasedDateTime"), Refused),
    "link": Refused,
    "address": [_POSTAL],
    "contact": [{"relationship": [CODEABLE], "name": _PERSON, "telecom": _TELECOM}],
}
# The elements of a Patient that the record's fields are read from.
_EXPRESSIONS: Final = {
    "first_name": "Patient.name[{}].given",
    "last_name": "Patient.name[{}].family",
    "date_of_birth": "Patient.birthDate",
    "sex": "Patient.gender",
    "address": "Patient.address[{}]",
    "emergency_contact": "Patient.contact[{}]",
}
_REACHED: Final = {"phone": "phone_number", "email": "email"}


def draft_of(resource: Resource) -> PatientDraft:
    """Return the draft in a Patient; raises InvalidResource."""
    if resource.get("active") is False:
        raise invalid(
            "A patient must be registered as active; archive the record afterwards.",
            "Patient.active",
        )
    if resource.get("deceasedBoolean"):
        raise invalid(
            "A patient must be registered as living; enter the date of death in "
            "the record afterwards.",
            "Patient.deceasedBoolean",
        )
    name = _kept(resource, "name")
    return PatientDraft(
        first_name=" ".join(name.get("given", ())),
        last_name=name.get("family", ""),
        # The rules of the register decide whether it may be missing.
        date_of_birth=_birth(resource),
        sex=_sex(resource),
        address=_address(_kept(resource, "address")),
        emergency_contact=_contact(_kept(resource, "contact")),
        **{field: resource["telecom"][i]["value"] for field, i in _reached(resource)},
    )


def _kept(resource: Resource, name: str) -> Resource:
    """Return the one value that a record has a place for; {} if there is none."""
    position = _position(resource, name)
    value: Resource = {} if position is None else resource[name][position]
    return value


def _position(resource: Resource, name: str) -> int | None:
    values = resource.get(name, ())
    usable = [number for number, value in enumerate(values) if _is_todays(value)]
    if name == "contact":
        ranks = {number: _emergency_rank(values[number]) for number in usable}
        usable = [number for number in usable if ranks[number] < _NEVER_CALLED]
        usable.sort(key=ranks.__getitem__)
    return usable[0] if usable else None


def _emergency_rank(contact: Resource) -> int:
    """Return 0 for whom to call in an emergency, 1 where the role does not say."""
    codings = (
        coding
        for relationship in contact.get("relationship", ())
        for coding in relationship.get("coding", ())
    )
    roles = {
        coding.get("code")
        for coding in codings
        if coding.get("system") == systems.CONTACT_ROLE
    }
    if roles & _EMERGENCY_ROLES:
        return 0
    return _NEVER_CALLED if roles & _OTHER_ROLES else 1


def _is_todays(value: Resource) -> bool:
    return value.get("use") not in _PASSED_OVER


def _unkept(resource: Resource) -> Iterator[str]:
    """Yield values that a record has no second place for, or that are not current."""
    for name in ("name", "address", "contact"):
        position = _position(resource, name)
        for number in range(len(resource.get(name, ()))):
            if number != position:
                yield f"{NAME}.{name}[{number}]"
    kept = {number for _, number in _reached(resource)}
    for number in range(len(resource.get("telecom", ()))):
        if number not in kept:
            yield f"{NAME}.telecom[{number}]"
    position = _position(resource, "contact")
    for number, contact_point in enumerate(
        _kept(resource, "contact").get("telecom", ())
    ):
        if not _is_todays(contact_point):
            yield f"{NAME}.contact[{position}].telecom[{number}]"


def _reached(resource: Resource) -> Sequence[tuple[str, int]]:
    """Return the positions of phone number and e-mail, each the preferred one."""
    positions: dict[str, int] = {}
    listed = enumerate(resource.get("telecom", ()))
    for number, contact_point in sorted(listed, key=lambda each: _rank(each[1])):
        field = _REACHED.get(contact_point.get("system", ""))
        if field is not None and "value" in contact_point and _is_todays(contact_point):
            positions.setdefault(field, number)
    return tuple(positions.items())


def _rank(contact_point: Resource) -> int:
    # Rank 1 is preferred to 2; without ranks the first is.
    rank: int = contact_point.get("rank", _LAST)
    return rank


def _birth(resource: Resource) -> Any:
    text = resource.get("birthDate")
    return text and day_of(text, "Patient.birthDate")


def _sex(resource: Resource) -> Sex:
    code = resource.get("gender", Sex.UNKNOWN.value)
    if code not in set(Sex):
        raise invalid(
            f"Patient.gender must be one of {', '.join(Sex)}.", "Patient.gender"
        )
    return Sex(code)


def _address(address: Resource) -> str | None:
    parts = [*address.get("line", ()), *(address.get(name) for name in _ADDRESS)]
    return address.get("text") or ", ".join(filter(None, parts)) or None


def _contact(contact: Resource) -> str | None:
    name = contact.get("name", {})
    called = name.get("text") or " ".join(
        filter(None, [*name.get("given", ()), name.get("family")])
    )
    numbers = (
        contact_point.get("value")
        for contact_point in contact.get("telecom", ())
        if _is_todays(contact_point)
    )
    return " ".join(filter(None, [called, *numbers])) or None


def refused(refusal: InvalidPatient, resource: Resource) -> InvalidResource:
    """Return the refusal of a draft as a refusal of its Patient."""
    return InvalidResource([_issue(problem, resource) for problem in refusal.problems])


def _issue(problem: Problem, resource: Resource) -> Issue:
    return Issue(problem.message, _expression(problem.field, resource))


def _expression(field: str, resource: Resource) -> str:
    for reached, number in _reached(resource):
        if reached == field:
            return f"{NAME}.telecom[{number}]"
    expression = _EXPRESSIONS.get(field, f"{NAME}.telecom")
    element, is_one_of_several, _ = expression.partition("[")
    if not is_one_of_several:
        return expression
    position = _position(resource, element.removeprefix(f"{NAME}."))
    return expression.format(position or 0)


def _read(resource: Resource, today: date, lenient: bool) -> tuple[Draft, list[Issue]]:
    issues = [unkept(path, lenient) for path in _unkept(resource)]
    require_no_errors(issues)
    try:
        draft = patients.validate(draft_of(resource), today, needs_contact=True)
    except InvalidPatient as refusal:
        raise refused(refusal, resource) from refusal
    return draft, issues


def _register(
    session: Session, caller: Caller, resource: Resource, draft: Draft, id_: UUID | None
) -> Resource:
    today = caller.stores.today()
    try:
        record = patients.register(
            session, caller.actor, draft, today=today, patient_id=id_
        )
    except InvalidPatient as refusal:
        raise refused(refusal, resource) from refusal
    return patient_resource(record)


def _look_alikes(session: Session, caller: Caller, draft: Draft) -> Sequence[Issue]:
    """Return a warning for each record that is likely of the same person."""
    matches = duplicates.find_duplicates(session, caller.actor, draft)
    return [
        Issue(
            f"{NAME}/{match.patient.id} is likely the same person; review the "
            "records and merge them.",
            NAME,
            "duplicate",
            "warning",
        )
        for match in matches
        if match.score >= LIKELY
    ]


CREATION: Final = Creation(
    permission=Permission.REGISTER_PATIENT,
    shape=SHAPE,
    read=_read,
    create=_register,
    take_turn=locks.lock_registration,
    look_alikes=_look_alikes,
)
