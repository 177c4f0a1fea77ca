"""Lines of an export made of what resources of one shape have in common.

The mapping of a type stays the only one: of each shape it is asked once, with
placeholders for what is not known, and what it returns is the template of all others.
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
# A number that nothing has, so that it may be told as a number or within a text.
_NUMBER: Final = 7_340_032_000_000_000
_PLACEHOLDER: Final = re.compile(
    '"\ue000([0-9]+)\ue001"|\ue002([0-9]+)\ue003|7340032000000([0-9]{3})'
)
_LEFT: Final = re.compile("[\ue000-\ue003]")
Record = TypeVar("Record")


class EmbeddedText(Exception):
    """A mapping makes another text of one, which only the record itself can tell."""


class _Unknown(str):
    """A word that is not known yet, also of a day or a moment."""

    __slots__ = ()

    def isoformat(self, **_: Any) -> str:
        """Return what stands for the day or the moment as the standard writes it."""
        return str(self)


def known_of(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """Return a record that has these fields alone: to ask for another one fails."""
    record = object.__new__(kind)
    for name, value in values.items():
        # As a frozen dataclass fills its own.
        object.__setattr__(record, name, value)
    return record


def template_maker(
    fields: Sequence[LineField], describe: Callable[[Mapping[str, Any]], Resource]
) -> TemplateOf:
    """Return what makes the template of a shape, by a type's mapping.

    A fact is given to `describe` as it is; of all else it learns no more than whether
    there is one, or it is empty. It may leave it out, and must not look into it; a text
    stands alone, whatever else may stand within another text. Raises EmbeddedText.
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
