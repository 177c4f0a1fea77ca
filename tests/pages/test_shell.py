"""Who sees which pages, and what happens when something goes wrong under them."""

import pytest

from services.actors import Role
from tests.pages.conftest import Clinic

LISTED = {
    Role.STAFF: {"home", "patients", "register", "views", "doctors", "account"},
    Role.CLINICIAN: {"home", "patients", "register", "views", "doctors", "account"},
    Role.ANALYST: {"home", "patients", "views", "doctors", "account"},
    Role.ADMIN: {"home", "replication", "account"},
    Role.PATIENT: {"my_record", "doctors", "account"},
}
HIDDEN = {
    Role.STAFF: {"patient", "edit", "photo", "merge"},
    Role.CLINICIAN: {"patient", "edit", "photo", "merge"},
    Role.ANALYST: set(),
    Role.ADMIN: set(),
    Role.PATIENT: set(),
}
EVERY_PAGE = set.union(*LISTED.values(), *HIDDEN.values())


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_own_pages(clinic: Clinic, role: Role):
    for page in LISTED[role]:
        app = clinic.open(page, role)

        assert not app.exception
        assert not app.error
        assert app.title


@pytest.mark.parametrize("role", Role)
def test_a_page_of_another_role_does_not_exist(clinic: Clinic, role: Role):
    app = clinic.start(role)

    for page in EVERY_PAGE - LISTED[role] - HIDDEN[role]:
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            app.switch_page(f"../pages/{page}.py")
