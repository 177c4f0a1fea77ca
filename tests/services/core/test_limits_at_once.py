"""Who adds things in two windows at once has no more of them than anybody may have."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from services.analytics import dashboards
from services.analytics.dashboards import DashboardDraft
from services.core.errors import Conflict, InvalidInput
from services.documents import fields, tags
from services.documents.fields import FieldDefinition, FieldKind
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from services.people.sign_in import passkeys
from services.people.sign_in.ceremonies import Purpose
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.kit.waiting import run_behind
from tests.services.people.sign_in.passkeys import desk

# What is added in the session by the call that it returns.
Adding = Callable[[Session, str], Any]


def prepare_views(session: Session) -> Adding:
    cleo = cast.add_actor(session, cast.CLEO)
    key = views.store_criteria(session, cleo, Criteria(), subject=PATIENTS)
    return lambda s, name: views.save_view(s, cleo, name, key, subject=PATIENTS)


def prepare_dashboards(session: Session) -> Adding:
    ana = cast.add_actor(session, cast.ANA)
    return lambda s, name: dashboards.create(s, ana, DashboardDraft(name=name))


def prepare_tags(session: Session) -> Adding:
    ines = cast.add_actor(session, cast.INES)
    return lambda s, name: tags.add_tag(s, ines, name)


def prepare_fields(session: Session) -> Adding:
    ines = cast.add_actor(session, cast.INES)
    return lambda s, name: fields.add_field(
        s, ines, FieldKind.TEXT, FieldDefinition(name)
    )


def prepare_passkeys(session: Session) -> Adding:
    ines = cast.add_actor(session, cast.INES)
    sign_in = desk.signed_in(session, ines)
    made = []
    for _ in range(2):
        device = Authenticator(desk.PARTY.origin, desk.PARTY.id)
        made.append(device.make(desk.offer(session, ines, sign_in)))
    numbers = count()

    def add(session: Session, name: str) -> object:
        answer = desk.receive(session, Purpose.ADD_PASSKEY, made[next(numbers)])
        return passkeys.add(
            session, ines, desk.PARTY, answer, name=name, session_id=sign_in
        )

    return add


@pytest.mark.parametrize(
    ("prepare", "limit"),
    [
        (prepare_views, "services.lists.views.MOST_VIEWS"),
        (
            prepare_dashboards,
            f"{dashboards.dashboards.__name__}.MOST_DASHBOARDS",
        ),
        (prepare_tags, "services.documents.tags.managing.MOST_TAGS"),
        (prepare_fields, "services.documents.fields.defining.MOST_FIELDS"),
        (prepare_passkeys, "services.people.sign_in.passkeys.MOST"),
    ],
    ids=["views", "dashboards", "tags", "fields", "passkeys"],
)
def test_of_two_who_add_the_last_one_at_once_the_second_is_refused(
    committing, monkeypatch, prepare, limit
):
    monkeypatch.setattr(limit, 1)
    with Session(committing) as session, session.begin():
        add = prepare(session)

    _, late = run_behind(
        committing, partial(add, name="First"), partial(add, name="Second")
    )

    with pytest.raises((Conflict, InvalidInput), match=r"1 .*maximum|at most 1 "):
        late.result()


def test_two_fields_whose_names_have_the_same_letters_are_added_at_once(committing):
    with Session(committing) as session, session.begin():
        add = prepare_fields(session)

    _, late = run_behind(
        committing, partial(add, name="Lab number"), partial(add, name="Lab-number")
    )

    late.result()
