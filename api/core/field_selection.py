"""Sparse answers: only the fields asked for of each item of a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.core.answers import Shown
from services.core.errors import InvalidInput

PARAMETER: Final = "fields"
DESCRIPTION: Final = (
    "Comma-separated fields to return of each item, such as uuid,last_name."
)


@dataclass(frozen=True, slots=True)
class ChosenFields:
    """Which fields of an item are wanted; None means all."""

    names: frozenset[str] | None = None

    def of(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return the chosen fields of the item."""
        if self.names is None:
            return dict(item)
        return {name: value for name, value in item.items() if name in self.names}


def read_fields(
    pairs: Iterable[tuple[str, str]], *kinds: type[Shown]
) -> tuple[ChosenFields, list[tuple[str, str]]]:
    """Return the fields that a query string chooses, and the rest of the query.

    Items shown without names lack fields that items with names have: the fields of all
    `kinds` are accepted. Raises InvalidInput for a field that none of them has.
    """
    rest = list(pairs)
    said = [value for name, value in rest if name == PARAMETER]
    if not said:
        return ChosenFields(), rest
    if len(said) > 1:
        raise InvalidInput(PARAMETER, f"{PARAMETER} is given more than once.")
    known = {
        field.alias or name
        for kind in kinds
        for name, field in kind.model_fields.items()
    }
    names = frozenset(name.strip() for name in said[0].split(",") if name.strip())
    if not names or not names <= known:
        wrong = next(iter(sorted(names - known)), "")[:40]
        raise InvalidInput(
            PARAMETER,
            f'There is no field "{wrong}". The fields are {", ".join(sorted(known))}.',
        )
    return ChosenFields(names), [pair for pair in rest if pair[0] != PARAMETER]
