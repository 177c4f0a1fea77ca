"""Analysts under their own identity: no names, except once, for a reason."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.orm import Session

from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records.model import PseudonymisedPatient
from services.patients.search import export_grants
from tests.services.patients.clinic_samples import REASON, Clinic, open_clinic


@pytest.fixture
def clinic(endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


def test_an_analyst_is_shown_everybody_without_names(clinic: Clinic):
    ana = clinic.ana

    def look(session: Session) -> tuple[Any, ...]:
        return (
            search.list_patients(session, ana, Criteria()).rows,
            search.count_patients(session, ana, Criteria()).value,
            search.find_bars(session, ana, Criteria()).members,
            "".join(search.export_csv(session, ana, Criteria(), smallest_group=2)),
        )

    rows, count, bars, file = clinic.read(ana, look)

    assert {row.birth_year for row in rows} == {1976, 1980}
    assert all(isinstance(row, PseudonymisedPatient) for row in rows)
    assert count == 2
    of_sexes = [members for (figure, _), members in bars.items() if figure == "sex"]
    assert len(b"".join(of_sexes)) == 2 * 8
    assert ",1976," in file
    assert "Hopper" not in file


def test_an_analyst_gets_names_for_a_reason_once(clinic: Clinic):
    ana = clinic.ana
    grant = clinic.write(
        ana, lambda s: export_grants.request_export(s, ana, None, REASON)
    )
    used = clinic.write(ana, lambda s: export_grants.redeem(s, ana, grant.id))

    pieces = clinic.stream(
        ana,
        lambda s: search.export_csv(s, ana, Criteria(), named_because=used.reason),
    )

    assert {"Hopper", "Lovelace"} <= set(
        "".join(pieces).replace("\r\n", ",").split(",")
    )
    with pytest.raises(export_grants.GrantUsed):
        clinic.write(ana, lambda s: export_grants.redeem(s, ana, grant.id))


def test_of_two_who_fetch_a_grant_at_once_one_gets_it(clinic: Clinic):
    ana, ready = clinic.ana, Barrier(4)
    grant = clinic.write(
        ana, lambda s: export_grants.request_export(s, ana, None, REASON)
    )

    def use(_: int) -> str:
        ready.wait(timeout=10)
        try:
            clinic.write(ana, lambda s: export_grants.redeem(s, ana, grant.id))
        except export_grants.GrantUsed:
            return "spent"
        return "got it"

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(use, range(4)))

    assert outcomes == ["got it", "spent", "spent", "spent"]
