"""Pages use the chosen list, in every process and as soon as it is chosen."""

from collections.abc import Iterator

import pytest

from db.endpoints import Endpoints
from db.postgres import SYSTEM, DatabaseUnavailable, Lsn
from services.consultations import code_lists
from services.consultations.code_lists import (
    CHANNEL,
    CodeListCache,
    ListKind,
    ListSource,
)
from tests.kit.change_listening import FakeChangeListener, await_change, listening
from tests.services.patients.clinic_samples import Clinic, open_clinic


@pytest.fixture
def clinic(endpoints: Endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


def import_drugs(clinic: Clinic) -> Lsn:
    """Import a list of one drug, and choose it."""
    ines = clinic.ines
    text = "name,active_ingredients\nZyrafen,Ibuprofen"
    file = code_lists.parse(ListKind.DRUGS, text.encode())

    def take(session):
        seen = code_lists.compare(session, ines, file)
        code_lists.import_list(session, ines, file, version=seen.version)
        code_lists.choose(session, ines, file.kind, ListSource.OWN)

    return clinic.database.write(take, identity=ines.database_identity).lsn


def test_a_list_that_is_chosen_is_told_of_and_searched_everywhere(clinic, endpoints):
    with listening(endpoints, CHANNEL) as listener:
        cache = CodeListCache(clinic.database, listener)
        assert "Zyrafen" not in cache.drugs().offered

        await_change(listener, lambda: import_drugs(clinic))

        assert cache.drugs().offered == ("Zyrafen",)


class Leaving:
    """The clinic's databases, which can be made unavailable."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self.is_away = False

    def read(self, operation, **options):
        if self.is_away:
            raise DatabaseUnavailable("Nobody answers.")
        return self._clinic.database.read(operation, **options)


def test_a_list_is_read_once_and_known_while_no_database_answers(clinic):
    listener, leaving = FakeChangeListener(), Leaving(clinic)
    cache = CodeListCache(leaving, listener)
    listener.receive(import_drugs(clinic))
    known = cache.drugs()
    leaving.is_away = True

    assert cache.drugs() is known
    listener.close()
    assert cache.drugs() is known
    assert clinic.database.read_latest(code_lists.drugs, identity=SYSTEM).value is known
