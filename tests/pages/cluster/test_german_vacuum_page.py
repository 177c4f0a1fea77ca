"""Vacuum and checkpoints in German."""

from services.core.actors import Role
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic


def test_it_is_in_german(clinic: Clinic):
    clinic.speak_german(Role.ADMIN)

    app = clinic.open("vacuum", Role.ADMIN)

    spoken = set(texts_of(app))
    assert "Vacuum und Checkpoints" in spoken
    assert {"Tote Zeilen", "Checkpoints je Server"} <= spoken
    own = {"Dead rows", "Size", "Vacuum due", "Last vacuum", "In order", "Timed"}
    assert english(spoken) & own == set()
