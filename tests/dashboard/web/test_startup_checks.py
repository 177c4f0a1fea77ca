"""Outside the demo, nothing starts that nobody, or everybody, could get into."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.web.server import create_app
from dashboard.web.startup_checks import (
    CannotServe,
    require_file_keys,
    require_folder,
    require_safe_mongo,
    require_sign_in,
)
from db.files import file_keys
from db.files.file_keys import UnusableFileKeys
from db.settings import Settings
from tests.kit import lone_mongod

PASSWORD = "rhUbarb7fennel2"
SERVERS = {
    "database_url": f"postgresql://chartroom_app:{PASSWORD}@127.0.0.1/x",
    "owner_url": f"postgresql://chartroom:{PASSWORD}@127.0.0.1/x",
    "replica_urls": {"a": f"postgresql://chartroom_app:{PASSWORD}@127.0.0.1/x"},
    "mongo_url": f"mongodb://chartroom:{PASSWORD}@127.0.0.1",
    "audit_mongo_url": f"mongodb://audit:{PASSWORD}@127.0.0.1",
}
_MONGO_URLS = ("mongo_url", "audit_mongo_url")
ADDRESS = {"public_url": "https://chartroom.example.org"}
MAIL = {
    "smtp_url": f"smtp://chartroom:{PASSWORD}@mail.example.org",
    "mail_from": "chartroom@example.org",
}
PROVIDER = {
    "oidc_issuer": "https://id.example.org",
    "oidc_client_id": "chartroom",
    **ADDRESS,
}


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHARTROOM_{name.upper()}", raising=False)


def _settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"demo": True},
        {**SERVERS, "demo": True},
        {**SERVERS, **MAIL, **ADDRESS},
        {**SERVERS, **PROVIDER},
        {**MAIL, "demo": False},
    ],
    ids=["embedded", "demo", "their own, demo", "mail", "provider", "no demo"],
)
def test_a_demo_and_whoever_can_prove_who_they_are_may_start(values):
    require_sign_in(_settings(**values))


@pytest.mark.parametrize(
    "values", [{"demo": False}, SERVERS, {**SERVERS, "demo": False}]
)
def test_where_nobody_could_sign_in_there_is_no_server(values):
    with pytest.raises(CannotServe, match=r"CHARTROOM_SMTP_URL.*_OIDC_ISSUER"):
        require_sign_in(_settings(**values))


@pytest.mark.parametrize(
    "values", [{**SERVERS, **MAIL}, {**MAIL, "demo": False, "host": "192.0.2.1"}]
)
def test_links_in_letters_must_lead_to_somewhere(values):
    with pytest.raises(CannotServe, match="Set CHARTROOM_PUBLIC_URL"):
        require_sign_in(_settings(**values))


def test_the_server_asks_before_it_does_anything():
    with pytest.raises(CannotServe, match="Nobody could sign in"):
        create_app(_settings(**SERVERS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql://chartroom_app:secret@db/x"),
        ("owner_url", "postgresql://chartroom:chartroom@db/x"),
        ("replica_urls", {"a": "postgresql://chartroom_app:Secret@db/x"}),
        ("mongo_url", "mongodb://chartroom:change-me@files"),
        ("audit_mongo_url", "mongodb://audit:password@files"),
        ("smtp_url", "smtp://chartroom:secret@mail.example.org"),
        ("secret_key", "x" * 32),
        ("secret_key", "changeme" * 4),
        ("sms_token", "placeholder"),
        ("oidc_client_secret", "secret"),
    ],
)
def test_a_placeholder_is_named_and_never_told(name, value):
    settings = _settings(**{**SERVERS, **MAIL, **PROVIDER, name: value})

    with pytest.raises(CannotServe) as refusal:
        require_sign_in(settings)

    assert f"CHARTROOM_{name.upper()} still holds a placeholder" in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


def test_the_demo_may_have_placeholders():
    require_sign_in(_settings(**{**SERVERS, "secret_key": "x" * 32, "demo": True}))


def test_random_keys_are_no_placeholders():
    import secrets

    for _ in range(100):
        key = secrets.token_hex(32)
        require_sign_in(_settings(**SERVERS, **MAIL, **ADDRESS, secret_key=key))


@pytest.mark.parametrize(
    "values",
    [{}, {"demo": False}, {**SERVERS, "demo": True}],
    ids=["embedded", "no demo", "their own, demo"],
)
def test_embedded_or_for_show_the_keys_of_files_are_made_when_needed(values, tmp_path):
    require_file_keys(_settings(**values, data=tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("values", [SERVERS, {**SERVERS, "demo": False}])
def test_servers_of_ones_own_need_a_key_file_that_everybody_shares(values, tmp_path):
    with pytest.raises(CannotServe, match="Set CHARTROOM_FILE_KEYS_FILE"):
        require_file_keys(_settings(**values, data=tmp_path))


def test_a_key_file_that_is_named_must_be_there(tmp_path):
    path = tmp_path / "file.keys"
    settings = _settings(**SERVERS, file_keys_file=path)

    with pytest.raises(UnusableFileKeys, match="There is no key file"):
        require_file_keys(settings)
    file_keys.make(path)

    require_file_keys(settings)


def test_without_keys_there_is_no_server(tmp_path):
    settings = _settings(**SERVERS, **MAIL, **ADDRESS, data=tmp_path)

    with pytest.raises(CannotServe, match="CHARTROOM_FILE_KEYS_FILE"):
        create_app(settings)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB that is open to CVE-2025-14847."""
    with lone_mongod.compressing(tmp_path_factory.mktemp("mongod")) as port:
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true"


@pytest.mark.parametrize("name", _MONGO_URLS)
@pytest.mark.parametrize("demo", [False, True])
def test_a_mongodb_that_lets_strangers_read_its_memory_is_refused(name, demo, exposed):
    settings = _settings(**{**SERVERS, name: exposed, "demo": demo})

    with pytest.raises(CannotServe) as refusal:
        require_safe_mongo(settings)

    assert f"CHARTROOM_{name.upper()} leads to 127.0.0.1:" in str(refusal.value)
    assert "a MongoDB 6.0.5" in str(refusal.value)
    assert "6.0.27, 7.0.28, 8.0.17, 8.2.3 or newer" in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


def test_the_server_asks_about_mongodb_before_it_does_anything(exposed, tmp_path):
    given = {**SERVERS, "mongo_url": exposed, "demo": True}

    with pytest.raises(CannotServe, match="CVE-2025-14847"):
        create_app(_settings(**given, data=tmp_path))


def test_it_is_worked_with_if_somebody_says_so(exposed):
    given = {**SERVERS, "mongo_url": exposed, "audit_mongo_url": exposed}

    require_safe_mongo(_settings(**given, allow_vulnerable_mongo=True))


def test_a_mongodb_without_zlib_is_worked_with(tmp_path):
    with lone_mongod.as_embedded(tmp_path) as port:
        url = f"mongodb://127.0.0.1:{port}/?directConnection=true"

        require_safe_mongo(_settings(**SERVERS | dict.fromkeys(_MONGO_URLS, url)))


def test_a_socket_in_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    require_folder(tmp_path)

    with pytest.raises(CannotServe, match="choose a folder for --socket"):
        require_folder(tmp_path / "nosuch")
