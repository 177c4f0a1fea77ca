"""What people did leaves no name, address, code or token where none belongs."""

import re
from urllib.parse import unquote
from urllib.request import urlopen

import pytest
from sqlalchemy import select

from db.models.patient import Patient
from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.browser.conftest import ready

pytestmark = [pytest.mark.browser, pytest.mark.afterwards]

# Shorter names are also words, or parts of them.
_SHORTEST = 5


@pytest.fixture(scope="module")
def names(site):
    """Everybody whom the run could have named: the demo's people, and every patient."""

    def read(session):
        people = session.execute(select(User.name, User.email)).all()
        patients = session.execute(
            select(Patient.first_name, Patient.last_name, Patient.email)
        ).all()
        return people, patients

    people, patients = site.database.read(read, identity=SYSTEM).value
    # Some patients' names are also words: Photo is a name, photo is not.
    return re.compile(rf"\b((?i:{_any_of(people)})|{_any_of(patients)})\b")


def _any_of(rows):
    words = {word for row in rows for value in row if value for word in value.split()}
    return "|".join(re.escape(word) for word in words if len(word) >= _SHORTEST)


@pytest.fixture(scope="module")
def secrets(site):
    """The codes and the cookies of everybody who has signed in."""
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted(site.traces.secrets)))})\b")


@pytest.fixture(scope="module", autouse=True)
def _visited(site):
    """Leave some traces, so that this file can also run alone."""
    for role, path in ((Role.STAFF, "/patients"), (Role.PATIENT, "/my_record")):
        with site.lend(role) as page:
            page.goto(path)
            ready(page)


def test_no_log_names_anybody(site, names, secrets):
    logs = "\n".join(path.read_text() for path in site.logs.glob("*.log"))

    assert '"event": "request"' in logs
    assert not names.findall(logs)
    assert not secrets.findall(logs)


def test_no_metric_names_anybody(site, names, secrets):
    with urlopen(f"{site.address}/metrics") as answer:  # noqa: S310 - our own
        metrics = answer.read().decode()

    assert "chartroom_http_requests_total" in metrics
    assert not names.findall(metrics)
    assert not secrets.findall(metrics)


def test_asvs_14_2_1_no_address_names_anybody(site, names, secrets):
    urls = "\n".join(sorted(map(unquote, site.traces.urls)))

    assert f"{site.address}/patients" in urls
    # Including addresses that no tab shows and only the server records.
    assert f"{site.address}/_stcore/host-config" in urls
    assert not names.findall(urls)
    assert not secrets.findall(urls)
