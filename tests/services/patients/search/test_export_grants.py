"""Exports with names for those who see none."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.care import ExportGrant
from services.core.actors import Actor, Role
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search import export_grants
from services.patients.search.fields import PATIENTS
from tests.kit import acting, cast

REASON = "The health office asks for contacts"
WOMEN = Criteria(Group(members=(Filter("sex", Operator.EQUAL, "female"),)))


@pytest.fixture
def ana(session) -> Actor:
    return cast.add_actor(session, cast.ANA)


def test_a_grant_is_good_for_ten_minutes(session, ana):
    grant = export_grants.request_export(session, ana, None, REASON)

    begun = session.scalar(select(func.now()))
    assert grant.expires_at - begun == timedelta(minutes=10)
    assert (grant.user_id, grant.reason) == (ana.id, REASON)


def test_a_grant_is_used_once(session, ana):
    key = views.store_criteria(session, ana, WOMEN, subject=PATIENTS)
    grant = export_grants.request_export(session, ana, key, REASON)

    used = export_grants.redeem(session, ana, grant.id)

    assert (used.criteria_key, used.reason) == (key, REASON)
    with pytest.raises(export_grants.GrantUsed):
        export_grants.redeem(session, ana, grant.id)


def test_a_grant_runs_out(session, ana):
    grant = export_grants.request_export(session, ana, None, REASON)
    session.execute(
        update(ExportGrant).values(expires_at=func.now() - timedelta(seconds=1))
    )

    with pytest.raises(export_grants.GrantUsed):
        export_grants.redeem(session, ana, grant.id)


def test_nobody_uses_the_grant_of_somebody_else(session, ana):
    grant = export_grants.request_export(session, ana, None, REASON)

    with pytest.raises(NotFound):
        export_grants.redeem(session, cast.add_actor(session, cast.JONAS), grant.id)
    with pytest.raises(NotFound):
        export_grants.redeem(session, ana, uuid4())


def test_no_reason_no_grant(session, ana):
    with pytest.raises(InvalidInput, match="at least 10"):
        export_grants.request_export(session, ana, None, "please")


def test_a_list_that_is_not_there_is_not_granted(session, ana):
    with pytest.raises(NotFound, match="no such list"):
        export_grants.request_export(session, ana, "none", REASON)


def test_a_list_that_asks_about_names_is_not_granted(session, clerk, ana):
    key = views.store_criteria(
        session, clerk, Criteria(search="lovelace"), subject=PATIENTS
    )

    with pytest.raises(NotFound, match="it may be about names"):
        export_grants.request_export(session, ana, key, REASON)
    acting.run_as_owner(session)
    with pytest.raises(NotAllowed):
        export_grants.request_export(session, ana, key, REASON)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ANALYST}))
def test_only_who_sees_no_names_asks_for_them(session, role):
    actor = cast.act_as_somebody(role)

    for refused in (
        lambda: export_grants.request_export(session, actor, None, REASON),
        lambda: export_grants.redeem(session, actor, uuid4()),
        lambda: search.export_csv(session, actor, Criteria(), named_because=REASON),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_a_granted_file_has_names_and_its_reason_is_written_down(session, ana):
    cast.add_patient(session)

    pieces = search.export_csv(session, ana, Criteria(), named_because=REASON)
    heading, row = csv.reader(io.StringIO("".join(pieces)))

    cells = dict(zip(heading, row, strict=True))
    assert (cells["last_name"], cells["date_of_birth"]) == ("Lovelace", "1980-05-17")
    events = session.execute(select(AuditEvent.action, AuditEvent.reason)).all()
    assert [tuple(event) for event in events] == [("patient:export-identified", REASON)]
