"""Lines of an export, made from templates of resources of the same shape.

The mapping of a type remains the only one: it is called once for each shape, with
placeholders for unknown values, and its result is the template of all resources of this
shape.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from api.core.answers import to_json
from api.fhir.definitions import Resource
from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    Shape,
    Template,
    TemplateOf,
)

# Of the private use area: they mark where a text or a word goes.
_TEXT: Final = '"\ue000{}\ue001"'
_WORD: Final = "\ue002{}\ue003"
# A number that no record has; it may appear as a number or within a text.
_NUMBER: Final = 7_340_032_000_000_000
_PLACEHOLDER: Final = re.compile(
    '"\ue000([0-9]+)\ue001"|\ue002([0-9]+)\ue003|7340032000000([0-9]{3})'
)
_LEFT: Final = re.compile("[\ue000-\ue003]")
Record = TypeVar("Record")


class EmbeddedText(Exception):
    """A mapping turns a text into another one, which needs the record itself."""


class _Unknown(str):
    """The placeholder of a word, or of a date or time."""

    __slots__ = ()

    def isoformat(self, **_: Any) -> str:
        """Return the placeholder of the date or time in the standard's notation."""
        return str(self)


def known_of(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """Return a record that has only these fields; reading another one fails."""
    record = object.__new__(kind)
    for name, value in values.items():
        # The way in which a frozen dataclass sets its own fields.
        object.__setattr__(record, name, value)
    return record


def template_maker(
    fields: Sequence[LineField], describe: Callable[[Mapping[str, Any]], Resource]
) -> TemplateOf:
    """Return a function that makes the template of a shape by a type's mapping.

    `describe` is given facts as they are; of all other values it learns only whether
    they are missing or empty. It may leave a value out, and must not inspect it. A text
    must be a string of its own; everything else may be part of a longer string. Raises
    EmbeddedText.
    """

    def template_of(shape: Shape) -> Template:
        described = describe(
            {
                field.name: _given(position, field.kind, shape[field.name])
                for position, field in enumerate(fields)
            }
        )
        return _taken_apart(to_json(described).decode())

    return template_of


def _given(position: int, kind: LineFieldKind, seen: Any) -> Any:
    if kind is LineFieldKind.FACT or not seen:
        return seen
    match kind:
        case LineFieldKind.NUMBER:
            return _NUMBER + position
        case LineFieldKind.TEXT:
            return _TEXT.format(position).strip('"')
        case _:
            return _Unknown(_WORD.format(position))


def _taken_apart(described: str) -> Template:
    pieces: list[str | int] = []
    end = 0
    for placeholder in _PLACEHOLDER.finditer(described):
        pieces.append(described[end : placeholder.start()])
        pieces.append(int(placeholder[placeholder.lastindex or 0]))
        end = placeholder.end()
    pieces.append(described[end:])
    if any(isinstance(piece, str) and _LEFT.search(piece) for piece in pieces):
        raise EmbeddedText
    return pieces
