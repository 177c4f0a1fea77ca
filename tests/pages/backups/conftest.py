"""A clinic whose servers are Chartroom's own, with a folder for its backups."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from db.backups.repository import Repository
from tests.pages.conftest import Clinic


@pytest.fixture
def repository(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> Iterator[Repository]:
    """The repository of a clinic whose servers are Chartroom's own."""
    data = tmp_path_factory.mktemp("data")
    changes = {"database_url": None, "data": data, "backup_dir": None}
    ours = clinic.wiring.settings.model_copy(update=changes)
    monkeypatch.setattr(clinic.wiring, "settings", ours)
    return Repository(data / "backups")


def said(app: AppTest) -> str:
    """Return all texts of the page."""
    kinds = (app.markdown, app.info, app.warning, app.error, app.caption)
    words = "\n".join(element.value for kind in kinds for element in kind)
    # Without the escapes that keep Markdown from taking it for markup.
    return words.replace("\\", "")
