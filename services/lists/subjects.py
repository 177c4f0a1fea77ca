"""What a list is about, whether or not anybody saves it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.lists.criteria import Criteria, Fields


@dataclass(frozen=True, slots=True)
class Subject:
    """What a list is about: who may have one, and what it can be filtered by.

    Each list defines its own, beside its fields. `columns` are those that people may
    choose to see, if there is a choice. `more` are fields that this clinic has defined,
    which are columns, too. What is stored behind a key need not be `Criteria`: then
    `keeps_criteria` is false, and whoever stores it validates it.
    """

    name: str
    fields: Fields
    require_list: Callable[[Actor], None]
    require_visible: Callable[[Actor, Criteria], None]
    columns: tuple[str, ...] = ()
    more: Callable[[Session], Fields] | None = None
    keeps_criteria: bool = True

    def find_more(self, session: Session, names: Iterable[str]) -> Fields:
        """Return the clinic's own fields, looked up if any of the names may be one."""
        if self.more is None or self.fields.keys() >= set(names):
            return {}
        return self.more(session)
