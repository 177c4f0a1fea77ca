"""The person that a page's address names."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from services.core.errors import NotFound
from services.people import accounts
from services.people.accounts import Person


def chosen_person(parameter: str = "user") -> Person:
    """Return the person named in the address, or raise NotFound."""
    try:
        user_id = UUID(st.query_params.get(parameter, ""))
    except ValueError as error:
        raise NotFound(
            "This address names nobody. Find the person in the list first."
        ) from error
    actor = current_actor()
    return read(lambda session: accounts.get_person(session, actor, user_id))
