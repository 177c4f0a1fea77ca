"""What one run of a page leaves alone, and what a page releases when it rests."""

import time
import weakref
from datetime import UTC, datetime

import pytest
from streamlit.runtime.scriptrunner import script_cache
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from dashboard.web.page_context import page_reads
from db.postgres import Read, Served
from services.lists.cache import ExpiringValue
from tests.pages.conftest import Clinic

_SERVED = Served("one", "replica", 0.0, datetime(2026, 11, 21, tzinfo=UTC))


def test_nobody_looks_for_a_file_of_secrets_to_know_who_is_here(
    clinic: Clinic, monkeypatch
):
    looks = []
    real = secrets_singleton.load_if_toml_exists
    monkeypatch.setattr(
        type(secrets_singleton),
        "load_if_toml_exists",
        lambda _: looks.append(1) or real(),
    )

    clinic.open("patients")

    assert not looks


def test_a_page_that_is_opened_again_is_not_compiled_again(clinic: Clinic, monkeypatch):
    clinic.open("patients")
    compiled = []
    real = script_cache.open_python_file
    monkeypatch.setattr(
        script_cache,
        "open_python_file",
        lambda path: compiled.append(path) or real(path),
    )

    clinic.open("patients")

    assert compiled == []


def _page_that_breaks():
    raise LookupError("There is no such thing here.")


def test_a_run_that_ends_in_an_exception_fails_its_test():
    with pytest.raises(AssertionError, match="A run ended in an exception"):
        AppTest.from_function(_page_that_breaks).run()


class Answer:
    """A result that was read."""


def test_an_open_page_lets_go_of_what_it_may_show_no_more(clinic: Clinic, monkeypatch):
    kept = clinic.open("patients").session_state["chartroom_kept"]
    answer = Answer()
    held = weakref.ref(answer)
    kept.keep("something", Read(ExpiringValue(answer, 10), _SERVED), None)
    del answer
    now = time.time()

    page_reads.discard_expired()
    assert held() is not None

    monkeypatch.setattr(time, "time", lambda: now + 11)
    page_reads.discard_expired()
    assert held() is None
