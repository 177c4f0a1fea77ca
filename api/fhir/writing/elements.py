"""Validation of a resource that was sent, element by element."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from api.core.outcomes import InvalidResource, Issue
from api.fhir.definitions import Resource
from services.core.typed_text import is_storable

# The shape of an element: a type, elements of its own, or a list of one shape.
Shape = type | Mapping[str, "Shape"] | list["Shape"]
# An element that may be sent, but whose value the server decides.
IGNORED: Final = object


class Refused:
    """The shape of an element that changes the meaning of others, and is not supported.

    FHIR calls it a modifier: a system that does not understand it must not act on the
    rest.
    """


CODEABLE: Final[Shape] = {
    "coding": [{"system": str, "code": str, "display": str, "version": str}],
    "text": str,
}
REFERENCE: Final[Shape] = {"reference": str, "type": str, "display": str}
OF_EVERY_RESOURCE: Final[Mapping[str, Shape]] = {
    "resourceType": str,
    "id": IGNORED,
    "meta": {
        **dict.fromkeys(("extension", "versionId", "lastUpdated"), IGNORED),
        **dict.fromkeys(("source", "profile", "tag"), IGNORED),
        # Otherwise confidential content would no longer be confidential.
        "security": Refused,
    },
    "text": IGNORED,
    "implicitRules": Refused,
}
_MOST_ISSUES: Final = 20
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_CALLED: Final = {str: "a string", bool: "true or false", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Understood:
    """The elements of a resource that are understood; `issues` are about the others.

    They are warnings if the sender wants unknown elements ignored.
    """

    resource: Resource
    issues: list[Issue] = field(default_factory=list)


def understand(
    sent: Any, shape: Mapping[str, Shape], path: str, *, lenient: bool
) -> Understood:
    """Return the elements that match the shape; raises InvalidResource.

    An element that would be lost is refused, unless the sender is lenient.
    """
    reading = _Reading(lenient)
    resource = reading.read(sent, shape, path)
    require_no_errors(reading.issues)
    return Understood(resource, reading.issues)


def require_no_errors(issues: Sequence[Issue]) -> None:
    """Raise InvalidResource if any issue is more than a warning."""
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        raise InvalidResource(errors[:_MOST_ISSUES])


def unkept(path: str, lenient: bool) -> Issue:
    """Return the issue of an element that has no place in a record."""
    if lenient:
        sentence = f"{path} is not supported and was ignored."
        return Issue(sentence, path, "not-supported", "warning")
    return Issue(
        f'{path} is not supported. Omit it, or send "Prefer: handling=lenient" to '
        "have such elements ignored.",
        path,
        "not-supported",
    )


def _changes_meaning(path: str) -> Issue:
    """Return the issue of an element that must not be ignored, even by request."""
    return Issue(
        f"{path} changes the meaning of the resource and is not supported, so the "
        "resource was refused.",
        path,
        "not-supported",
    )


class _Reading:
    """One pass over a resource that collects everything wrong with it."""

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self.issues: list[Issue] = []

    def read(self, value: Any, shape: Shape, path: str) -> Any:
        if isinstance(shape, Mapping):
            return self._read_elements(value, shape, path)
        if isinstance(shape, list):
            return self._read_list(value, shape[0], path)
        return self._read_value(value, shape, path)

    def _read_elements(
        self, value: Any, shape: Mapping[str, Shape], path: str
    ) -> Resource:
        if not isinstance(value, dict) or not value:
            self._note(
                f"{path} must be an object with at least one element.",
                path,
                "structure",
            )
            return {}
        return {
            name: self.read(value[name], shape[name], f"{path}.{name}")
            for name in self._known(value, shape, path)
        }

    def _known(
        self, value: Resource, shape: Mapping[str, Shape], path: str
    ) -> Iterator[str]:
        for name in value:
            element = f"{path}.{name[:40]}"
            if name == "modifierExtension" or shape.get(name) is Refused:
                self.issues.append(_changes_meaning(element))
            elif name in shape:
                yield name
            else:
                self.issues.append(unkept(element, self._lenient))

    def _read_list(self, value: Any, shape: Shape, path: str) -> list[Any]:
        if not isinstance(value, list) or not value:
            self._note(
                f"{path} must be a list with at least one item.", path, "structure"
            )
            return []
        return [
            self.read(item, shape, f"{path}[{number}]")
            for number, item in enumerate(value)
        ]

    def _read_value(self, value: Any, kind: type, path: str) -> Any:
        if kind is IGNORED:
            return value
        # In Python true is an int.
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            self._note(f"{path} must be {_CALLED[kind]}.", path, "structure")
        elif value == "":
            self._note(f"{path} is empty; omit it.", path, "structure")
        elif isinstance(value, str) and not is_storable(value):
            self._note(
                f"{path} contains a character that cannot be stored.", path, "value"
            )
        return value

    def _note(self, sentence: str, path: str, code: str) -> None:
        self.issues.append(Issue(sentence, path, code))


def invalid(sentence: str, expression: str, code: str = "value") -> InvalidResource:
    """Return the refusal of one element."""
    return InvalidResource([Issue(sentence, expression, code)])


def day_of(text: str, path: str) -> date:
    """Return the day of a date; raises InvalidResource."""
    try:
        # Python accepts days that FHIR does not: 19800517, 1980-W20-6.
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid(f"{path} must be a date such as 1980-05-17.", path)


def day_of_timestamp(text: str, path: str) -> date:
    """Return the day of a dateTime as it was written; raises InvalidResource."""
    day, _, time = text.partition("T")
    if time and not _TIME.fullmatch(time):
        raise invalid(f"{path} must be a dateTime such as 2026-11-23T10:00:00Z.", path)
    return day_of(day, path)


def require_type(sent: Any, name: str) -> None:
    """Raise InvalidResource unless it is a resource of this type."""
    if not isinstance(sent, dict) or sent.get("resourceType") != name:
        sentence = f"Send a {name} resource."
        raise invalid(sentence, f"{name}.resourceType", "structure")
