"""Pages show what is cached for everybody, and never anybody's own data from there."""

import pytest

from services.core.actors import Role
from services.visits.figures.caches import VisitCaches
from tests.kit import cast


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the caches that were read; they answer as usual."""
    reads: list[str] = []

    def watch(name: str) -> None:
        real = getattr(VisitCaches, name)

        def spy(*given, **values):
            reads.append(name)
            return real(*given, **values)

        monkeypatch.setattr(VisitCaches, name, spy)

    for name in ("doctors", "slots", "statistics"):
        watch(name)
    return reads


@pytest.fixture
def dora(clinic):
    return clinic.write(lambda s: cast.add_doctor(s).id)


def test_the_list_of_doctors_is_shared(clinic, reads):
    clinic.open("doctors", Role.PATIENT)

    assert reads == ["doctors"]


def test_who_manages_doctors_sees_those_who_cannot_be_booked_anew(clinic, reads):
    app = clinic.open("doctors")
    app.toggle(key="doctors_inactive").set_value(True).run()

    assert reads == ["doctors"]


def test_times_are_shared_by_those_who_only_look(clinic, reads, dora):
    clinic.open("doctor", Role.ANALYST, doctor=dora)

    assert reads == ["slots"]


def test_whose_own_times_are_marked_reads_them_anew(clinic, reads, dora):
    clinic.open("doctor", Role.PATIENT, doctor=dora)

    assert "slots" not in reads


def test_figures_are_shared_and_each_look_is_written_down(clinic, reads):
    before = len(clinic.audit("statistics:read"))
    clinic.open("statistics", Role.ADMIN)

    assert reads == ["statistics"]
    assert len(clinic.audit("statistics:read")) == before + 1
