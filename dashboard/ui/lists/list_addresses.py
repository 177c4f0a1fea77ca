"""A list's address: it has a key to criteria that are kept, or the criteria, sealed.

While nothing can be saved, a new list's criteria travel encrypted in the address
itself. Such an address works for everybody who may see the list, also afterwards.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn, Self

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.web.page_context import file_stores
from services.core.actors import Actor
from services.core.errors import NotFound, NotSaved
from services.lists import criteria, views
from services.lists.criteria import Criteria
from services.lists.subjects import Subject

# Our own keys never contain a full stop.
_SEALED: Final = "sealed."
# The criteria behind a key never change.
_KEY_SECONDS: Final = 600.0
_REMEMBERED: Final = "list_addresses_remembered"


@dataclass(frozen=True, slots=True)
class AddressedList:
    """One list, for the person who looks at it; the empty key shows everything."""

    subject: ClassVar[Subject]
    actor: Actor
    key: str
    criteria: Criteria

    @classmethod
    def of_address(cls) -> Self:
        """Return the list that the page's address names; raises NotFound."""
        actor, key = current_actor(), st.query_params.get("list", "")
        return cls(
            actor, key, list_of_key(actor, key, cls.subject) if key else Criteria()
        )

    def save(self, name: str) -> views.View:
        """Save the list as a view of this person, under the name."""
        key = self.key
        if not key or is_sealed(key):
            key = key_of_list(self.actor, self.criteria, self.subject)
        return write(
            lambda session: views.save_view(
                session, self.actor, name, key, subject=self.subject
            )
        )

    def key_of(self, wanted: Criteria) -> str:
        """Return the key of another list; raises InvalidInput if it cannot exist."""
        if wanted == Criteria():
            return ""
        return key_of_list(self.actor, wanted, self.subject)

    def show(self, wanted: Criteria) -> NoReturn:
        """Show another list on this page; raises InvalidInput if it cannot exist."""
        show(self.key_of(wanted))


def key_of_list(actor: Actor, wanted: Criteria, subject: Subject) -> str:
    """Return the key for the list's address; raises InvalidInput, NotAllowed."""
    try:
        key = write(
            lambda session: views.store_criteria(
                session, actor, wanted, subject=subject
            ),
            gives_way=True,
        )
    except NotSaved:
        _require_possible(actor, wanted, subject)
        return _seal(wanted, subject)
    # The list is about to be shown; what was just saved need not be read for that.
    st.session_state[_REMEMBERED] = ((actor, subject.name, key), wanted)
    return key


def list_of_key(actor: Actor, key: str, subject: Subject) -> Criteria:
    """Return the list that an address names; raises NotFound, NotAllowed."""
    if is_sealed(key):
        wanted = _unseal(key, subject)
        _require_possible(actor, wanted, subject)
        return wanted
    remembered: Criteria
    of, remembered = st.session_state.get(_REMEMBERED, (None, Criteria()))
    if of == (actor, subject.name, key):
        return remembered
    return read(
        lambda session: views.load_criteria(session, actor, key, subject=subject),
        keep=(subject.name, key),
        seconds=_KEY_SECONDS,
    )


def _require_possible(actor: Actor, wanted: Criteria, subject: Subject) -> None:
    read(
        lambda session: views.require_possible(session, actor, wanted, subject=subject)
    )


def show(key: str) -> NoReturn:
    """Show the list behind a key on this page, without closing what is open."""
    st.query_params.from_dict({"list": key} if key else {})
    st.rerun()


def is_sealed(key: str) -> bool:
    """Return whether the address itself carries the criteria."""
    return key.startswith(_SEALED)


def _seal(wanted: Criteria, subject: Subject) -> str:
    text = json.dumps(criteria.to_json(wanted)).encode()
    try:
        sealed = file_stores.seal(text, _purpose(subject))
    except file_stores.CannotSeal as error:
        raise NotSaved(
            "This list cannot be opened just now. Try again in a few seconds."
        ) from error
    return _SEALED + urlsafe_b64encode(sealed).decode().rstrip("=")


def _unseal(key: str, subject: Subject) -> Criteria:
    text = key.removeprefix(_SEALED)
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return criteria.from_json(
            json.loads(file_stores.unseal(sealed, _purpose(subject)))
        )
    except (ValueError, file_stores.CannotUnseal) as error:
        raise NotFound(
            "There is no such list. Build it again from the filters."
        ) from error


def _purpose(subject: Subject) -> str:
    return f"list of {subject.name}"
