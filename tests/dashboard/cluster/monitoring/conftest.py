"""A clinic in Greenwich: these tests then need no database to know the time zone."""

from zoneinfo import ZoneInfo

import pytest

from dashboard.ui import clock


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "zone", lambda: ZoneInfo("UTC"))
    monkeypatch.setattr(clock, "usual_clock", lambda: "24")
