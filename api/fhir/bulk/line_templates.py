"""Lines of an export made of what resources of one shape have in common.

The mapping of a type stays the only one: of each shape it is asked once, with
placeholders for the texts, and what it returns is the template of all others.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final

from api.core.answers import to_json
from api.fhir.definitions import Resource

# Of the private use area: they mark where a text goes.
_PLACEHOLDER: Final = re.compile("\ue000([0-9]+)\ue001")
_ESCAPED: Final = re.compile('["\\\\\x00-\x1f]')


class _Placeholder(str):
    """A text that is not known yet, also of a day or a moment."""

    __slots__ = ()

    def isoformat(self, **_: Any) -> str:
        """Return what stands for the day or the moment as the standard writes it."""
        return str(self)


@dataclass(frozen=True, slots=True)
class _Template:
    text: str
    texts_of: Callable[[Sequence[str | None]], tuple[str, ...]]


class LineTemplates:
    """Makes lines of rows: first the `facts`, which decide a shape, then the texts.

    A fact is given to `describe` as it is, a text by no more than whether there is one,
    or it is empty: the mapping may leave it out, and must not look into it. `describe`
    is called with the values in the order of the row.
    """

    def __init__(
        self, facts: int, describe: Callable[[Sequence[Any]], Resource]
    ) -> None:
        self._facts = facts
        self._describe = describe
        self._templates: dict[tuple[Any, ...], _Template] = {}

    def line(self, row: Sequence[Any]) -> bytes:
        """Return the resource of the row as the JSON that the mapping would give."""
        texts = row[self._facts :]
        shape = (*row[: self._facts], *[text and 1 for text in texts])
        template = self._templates.get(shape)
        if template is None:
            template = self._templates[shape] = self._template_of(row)
        used = template.texts_of(texts)
        if _ESCAPED.search("".join(used)):
            used = tuple(encode_basestring(text)[1:-1] for text in used)
        return (template.text % used).encode()

    def _template_of(self, row: Sequence[Any]) -> _Template:
        texts = [
            text and _Placeholder(f"\ue000{number}\ue001")
            for number, text in enumerate(row[self._facts :])
        ]
        described = to_json(self._describe([*row[: self._facts], *texts])).decode()
        positions = [int(number) for number in _PLACEHOLDER.findall(described)]
        # With one position alone itemgetter returns no tuple; an id is always there,
        # and what is there twice does no harm once nothing is printed of it.
        pieces = _PLACEHOLDER.sub("%s", described.replace("%", "%%"))
        return _Template(pieces + "%.0s", itemgetter(*positions, positions[0]))
