"""Pages show what is kept for everybody, and never what is anybody's own from there."""

import pytest

from services.core.actors import Role
from services.visits.figures.caches import VisitCaches
from tests.services.visits.booking.bookings import samples


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the caches were asked for; they answer as they do."""
    asked: list[str] = []

    def watch(name: str) -> None:
        real = getattr(VisitCaches, name)

        def spy(*given, **values):
            asked.append(name)
            return real(*given, **values)

        monkeypatch.setattr(VisitCaches, name, spy)

    for name in ("doctors", "slots", "statistics"):
        watch(name)
    return asked


@pytest.fixture
def house(clinic):
    return clinic.write(lambda s: samples.doctor(s, name="Kept House").id)


def test_the_list_of_doctors_is_shared(clinic, asked):
    app = clinic.open("doctors", Role.PATIENT)

    assert asked == ["doctors"]
    assert not app.exception


def test_who_manages_doctors_sees_those_who_cannot_be_booked_anew(clinic, asked):
    app = clinic.open("doctors")
    app.toggle(key="doctors_inactive").set_value(True).run()

    assert asked == ["doctors"]


def test_times_are_shared_by_those_who_only_look(clinic, asked, house):
    app = clinic.open("doctor", Role.ANALYST, doctor=house)

    assert asked == ["slots"]
    assert not app.exception


def test_whose_own_times_are_marked_reads_them_anew(clinic, asked, house):
    clinic.open("doctor", Role.PATIENT, doctor=house)

    assert "slots" not in asked


def test_figures_are_shared_and_each_look_is_written_down(clinic, asked):
    before = len(clinic.audit("statistics:read"))
    app = clinic.open("statistics", Role.ADMIN)

    assert asked == ["statistics"]
    assert len(clinic.audit("statistics:read")) == before + 1
    assert not app.exception
