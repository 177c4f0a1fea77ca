"""Settings: all of them explained in .env.example, and a wrong one in a sentence."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from db.cluster.site_position import places_of
from db.settings import Settings, explain

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SERVERS = {
    "CHARTROOM_DATABASE_URL": "postgresql://chartroom:secret@db1/chartroom",
    "CHARTROOM_MONGO_URL": "mongodb://files/",
    "CHARTROOM_AUDIT_MONGO_URL": "mongodb://audit/",
}


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ignore this machine's variables and its .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHARTROOM_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_in_the_example_and_nothing_else_is():
    documented = re.findall(r"^# (CHARTROOM_[A-Z0-9_]+)=", EXAMPLE.read_text(), re.M)

    expected = [f"CHARTROOM_{name.upper()}" for name in Settings.model_fields]
    assert sorted(documented) == sorted(expected)


def test_the_example_can_be_copied_as_it_is(tmp_path: Path):
    (tmp_path / ".env").write_text(EXAMPLE.read_text())

    assert Settings() == Settings(_env_file=None)


def test_every_line_of_the_example_is_a_setting_that_is_accepted(tmp_path: Path):
    lines = re.sub(r"^# (?=CHARTROOM_)", "", EXAMPLE.read_text(), flags=re.M)
    (tmp_path / ".env").write_text(lines)

    settings = Settings()

    assert settings.timezone == "Europe/Berlin"
    assert settings.replica_urls.keys() == {"db1", "db2"}


def test_a_password_in_the_file_stays_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """${...} is only replaced where it names a variable, as a folder may."""
    monkeypatch.setenv("ROOM", "/srv")
    monkeypatch.delenv("ss", raising=False)
    lines = (
        "CHARTROOM_SMS_TOKEN=pa${ss}word",
        "CHARTROOM_SMTP_URL='smtp://user:1${ss}2@mail.example.org:25'",
        "CHARTROOM_MAIL_FROM=desk@example.org",
        "CHARTROOM_DATA=${ROOM}/chartroom",
        "CHARTROOM_CLINIC_PHONE=${ss:-030 1}",
    )
    (tmp_path / ".env").write_text("\n".join(lines))

    settings = Settings()

    assert settings.sms_token is not None
    assert settings.smtp_url is not None
    assert settings.sms_token.get_secret_value() == "pa${ss}word"
    assert "user:1${ss}2@" in settings.smtp_url.get_secret_value()
    assert settings.data == Path("/srv/chartroom")
    assert settings.clinic_phone == "030 1"


def test_without_settings_everything_is_embedded():
    assert Settings().is_embedded


def test_fees_of_the_demo_are_in_pounds_and_a_clinics_own_in_what_it_names():
    assert Settings(demo=True).fee_currency == "GBP"
    assert Settings(demo=True, currency="EUR").fee_currency == "EUR"
    assert Settings(demo=False).fee_currency is None


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHARTROOM_DATABASE_URL", "")

    assert Settings().is_embedded


def test_office_files_are_switched_off_by_an_empty_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert Settings().office_program == "soffice"

    (tmp_path / ".env").write_text("CHARTROOM_OFFICE_PROGRAM=\n")
    assert Settings().office_program == ""

    monkeypatch.setenv("CHARTROOM_OFFICE_PROGRAM", "libreoffice")
    assert Settings().office_program == "libreoffice"

    (tmp_path / ".env").write_text("CHARTROOM_OFFICE_PROGRAM=libreoffice\n")
    monkeypatch.setenv("CHARTROOM_OFFICE_PROGRAM", "")
    assert Settings().office_program == ""


def test_servers_of_ones_own_replace_the_embedded_ones(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CHARTROOM_REPLICA_URLS", "a=postgresql://x, postgresql://y:1")

    endpoints = Settings().external_endpoints()

    assert endpoints.database_url == SERVERS["CHARTROOM_DATABASE_URL"]
    assert endpoints.audit_url == SERVERS["CHARTROOM_AUDIT_MONGO_URL"]
    assert endpoints.replica_urls == {"a": "postgresql://x", "y:1": "postgresql://y:1"}


def test_a_site_follows_the_main_one_for_as_long_as_it_has_a_name(
    monkeypatch: pytest.MonkeyPatch,
):
    main = "postgresql://app@db-main,db-slave-01/chartroom"
    for name, value in (SERVERS | {"CHARTROOM_MAIN_URL": main}).items():
        monkeypatch.setenv(name, value)
    # As docker-compose.site.yml has it once the site leads.
    monkeypatch.setenv("CHARTROOM_SITE", "")
    leading = Settings().external_endpoints()
    monkeypatch.setenv("CHARTROOM_SITE", "north")
    following = Settings().external_endpoints()

    assert (leading.site, leading.main_url) == (None, None)
    assert (following.site, following.main_url) == ("north", main)


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("postgresql://a,b/x", ("a:5432", "b:5432")),
        ("postgresql://a:1,b:2/x", ("a:1", "b:2")),
        ("host=a,b port=7", ("a:7", "b:7")),
    ],
)
def test_where_the_main_site_is_is_read_as_libpq_does(
    url: str, places: tuple[str, ...]
):
    assert places_of(url) == places


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "eighty", "CHARTROOM_PORT: write a whole number."),
        ("PORT", "0", "CHARTROOM_PORT: write a number of at least 1."),
        ("PORT", "99999", "CHARTROOM_PORT: write a number of at most 65535."),
        ("RETRY_SECONDS", "x", "CHARTROOM_RETRY_SECONDS: write a number."),
        ("DELAYED_MINUTES", "0", "DELAYED_MINUTES: write a number above 0."),
        ("PAGES_PER_NETWORK", "9" * 9, "write a number of at most 1000000."),
        ("LANGUAGE", "fr", "CHARTROOM_LANGUAGE: write 'en' or 'de'."),
        ("CURRENCY", "eur", "CHARTROOM_CURRENCY: write three capital letters, such"),
        ("CLINIC_NAME", "x" * 101, "CHARTROOM_CLINIC_NAME: write at most 100 charact"),
        ("TIMEZONE", "Berlin", "CHARTROOM_TIMEZONE: is not a time zone"),
        ("TIMEZONE", "localtime", "CHARTROOM_TIMEZONE: is not a time zone"),
        ("DATABASE_URL", "db1/x", "CHARTROOM_DATABASE_URL: write postgresql://"),
        ("OWNER_URL", "mysql://u:pw@h/x", "CHARTROOM_OWNER_URL: write postgresql://"),
        ("MAIN_URL", "postgresql://u:pw@[::1/x", "CHARTROOM_MAIN_URL: write postgres"),
        ("REPLICA_URLS", "db1,db2", "CHARTROOM_REPLICA_URLS: write postgresql://"),
        ("DELAYED_URLS", "db1=", "CHARTROOM_DELAYED_URLS: write postgresql://"),
        ("MONGO_URL", "files:27017", "CHARTROOM_MONGO_URL: write mongodb://"),
        ("AUDIT_MONGO_URL", "mongodb://u:p@w@h/", "AUDIT_MONGO_URL: write mongodb://"),
        ("PATRONI_URLS", "db1=db1:8008", "CHARTROOM_PATRONI_URLS: write name=http://"),
        ("SMTP_URL", "smtp://u:p#w@h:25", "CHARTROOM_SMTP_URL: write smtp://"),
        ("SMTP_URL", "smtp://h:587587", "CHARTROOM_SMTP_URL: write smtp://"),
        ("MAIL_FROM", "Chartroom", "CHARTROOM_MAIL_FROM: write one address"),
        ("MAIL_FROM", "Dr. Doe, Dr. Roe <a@b.c>", "CHARTROOM_MAIL_FROM: write one"),
        ("SMS_URL", "https://h:sms", "CHARTROOM_SMS_URL: write https://"),
        ("REDIS_URL", "redis://h:redis/0", "CHARTROOM_REDIS_URL: write redis://"),
        ("CLAMD_URL", "tcp://clamd:clamd", "CHARTROOM_CLAMD_URL: write unix:///run"),
        ("HEALTH_URLS", "http://h:web/health", "CHARTROOM_HEALTH_URLS: write addr"),
        ("SECRET_KEY", "short", "CHARTROOM_SECRET_KEY: write at least 32 characters"),
        ("CLAMD_URL", "http://x", "CHARTROOM_CLAMD_URL: write unix:///run/clamav"),
        ("CLAMD_URL", "unix://clamd", "CHARTROOM_CLAMD_URL: write unix:///run/clamav"),
        ("ALLOWED_HOSTS", "https://c.example", "ALLOWED_HOSTS: write names alone"),
        ("ALLOWED_HOSTS", "c.example:8501", "CHARTROOM_ALLOWED_HOSTS: write names"),
        ("ALLOWED_HOSTS", "*.example.org", "CHARTROOM_ALLOWED_HOSTS: write names"),
        ("CORS_ORIGINS", "*", "CHARTROOM_CORS_ORIGINS: write origins such as"),
        ("CORS_ORIGINS", "http://x.org", "CHARTROOM_CORS_ORIGINS: write origins"),
        ("CORS_ORIGINS", "https://x.org/", "CHARTROOM_CORS_ORIGINS: write origins"),
        ("READ_SCANS", "perhaps", "CHARTROOM_READ_SCANS: write true or false."),
        ("MONGO_URL", "mongodb://x", "CHARTROOM_AUDIT_MONGO_URL go together"),
        ("AUDIT_MONGO_URL", "mongodb://x", "CHARTROOM_AUDIT_MONGO_URL go together"),
        ("SITE", "north", "CHARTROOM_SITE is for servers of your own that follow"),
        ("SITE", "North-1", "CHARTROOM_SITE: write up to 16 lower-case letters"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wrong(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f"CHARTROOM_{name}", value)

    with pytest.raises(ValidationError) as refusal:
        Settings()

    assert sentence in explain(refusal.value)


@pytest.mark.parametrize("value", [" ", "?", "-1", "1.5", "1e30", "x" * 300])
def test_no_wrong_setting_is_refused_in_the_words_of_a_library(
    value: str, monkeypatch: pytest.MonkeyPatch
):
    for name in Settings.model_fields:
        monkeypatch.setenv(f"CHARTROOM_{name.upper()}", value)

    with pytest.raises(ValidationError) as refusal:
        Settings()

    assert " should " not in explain(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "hunter2"),
        ("DATABASE_URL", "postgresql://chartroom:hunter2@[db1/chartroom"),
        ("MONGO_URL", "mongodb://chartroom:hunter2@@files/"),
        ("SMTP_URL", "smtp://chartroom:hunter2#@mail:587"),
    ],
)
def test_a_wrong_secret_is_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f"CHARTROOM_{name}", value)

    with pytest.raises(ValidationError) as refusal:
        Settings()

    assert "hunter2" not in explain(refusal.value)


def test_browsers_reach_the_clinic_by_names_and_addresses():
    hosts = ("chartroom.example.org", "web_1", "10.0.0.5", "fd00::5")

    assert Settings(allowed_hosts=hosts).allowed_hosts == hosts


@pytest.mark.parametrize(
    "sender",
    [
        "chartroom@example.org",
        "Praxis Dr. Müller <praxis@example.org>",
        '"Dr. Doe, Dr. Roe" <practice@example.org>',
    ],
)
def test_a_sender_has_one_address(sender: str):
    settings = Settings(smtp_url="smtp://mail.example.org", mail_from=sender)

    assert settings.mail_from == sender


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501/health"),
        ("0.0.0.0", "http://localhost:8501/health"),  # noqa: S104
        ("::", "http://localhost:8501/health"),
        ("::1", "http://[::1]:8501/health"),
    ],
)
def test_where_the_embedded_web_server_is_asked_for_its_health(host: str, address: str):
    assert Settings(host=host).health_addresses == (address,)


def test_a_time_zone_that_is_an_abbreviation_to_postgresql_has_its_summer_time():
    assert Settings(timezone="CET").timezone == "Europe/Brussels"
    assert Settings(timezone="EST").timezone == "EST"


def test_booking_for_everybody_needs_a_mail_server(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CHARTROOM_PUBLIC_BOOKING", "true")

    with pytest.raises(ValidationError) as error:
        Settings()

    assert "CHARTROOM_PUBLIC_BOOKING needs CHARTROOM_SMTP_URL" in explain(error.value)
    monkeypatch.setenv("CHARTROOM_SMTP_URL", "smtp://localhost")
    monkeypatch.setenv("CHARTROOM_MAIL_FROM", "clinic@example.org")
    assert Settings().public_booking


def test_reports_by_mail_need_a_mail_server(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CHARTROOM_BACKUP_REPORT_BY_MAIL", "true")

    with pytest.raises(ValidationError) as error:
        Settings()

    words = "CHARTROOM_BACKUP_REPORT_BY_MAIL needs CHARTROOM_SMTP_URL"
    assert words in explain(error.value)
    monkeypatch.setenv("CHARTROOM_SMTP_URL", "smtp://localhost")
    monkeypatch.setenv("CHARTROOM_MAIL_FROM", "clinic@example.org")
    assert Settings().backup_report_by_mail


def test_a_backup_tool_is_for_servers_of_ones_own(monkeypatch: pytest.MonkeyPatch):
    def refusal() -> str:
        with pytest.raises(ValidationError) as error:
            Settings()
        return explain(error.value)

    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL_COMMAND", "ssh backup barman")
    assert "CHARTROOM_BACKUP_TOOL names: set that as well" in refusal()
    monkeypatch.delenv("CHARTROOM_BACKUP_TOOL_COMMAND")
    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL_SANDBOX", "/var/lib/drills")
    assert "CHARTROOM_BACKUP_TOOL names restores to for drills" in refusal()
    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL_COMMAND", "ssh backup barman")
    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL", "barman:clinic")
    assert "CHARTROOM_BACKUP_TOOL is for servers of your own" in refusal()
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    tool = Settings().own_backup_tool
    assert (str(tool), tool.command) == ("barman:clinic", ("ssh", "backup", "barman"))
    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL_COMMAND", "ssh 'backup")
    assert "No closing quotation" in refusal()
    monkeypatch.setenv("CHARTROOM_BACKUP_TOOL", "wal-g")
    assert "CHARTROOM_BACKUP_TOOL: write barman:SERVER or" in refusal()


def test_for_how_much_of_the_time_a_backup_is_worked_at(monkeypatch):
    assert Settings().backup_work_percent == 5
    for none in ("0", "101"):
        monkeypatch.setenv("CHARTROOM_BACKUP_WORK_PERCENT", none)
        with pytest.raises(ValidationError, match="backup_work_percent"):
            Settings()


def test_how_often_backups_are_full_ones(monkeypatch: pytest.MonkeyPatch):
    assert Settings().backup_full_interval == timedelta(days=7)
    assert Settings().backup_interval == timedelta(hours=1)
    monkeypatch.setenv("CHARTROOM_BACKUP_FULL_EVERY_DAYS", "0")
    assert Settings().backup_full_interval is None
    # Each full backup is as large as the clinic: hourly ones have to be asked for.
    assert Settings().backup_interval == timedelta(days=1)
    monkeypatch.setenv("CHARTROOM_BACKUP_EVERY_HOURS", "1")
    assert Settings().backup_interval == timedelta(hours=1)
    # PostgreSQL keeps its summaries of changes for 36 days.
    monkeypatch.setenv("CHARTROOM_BACKUP_FULL_EVERY_DAYS", "29")
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"URL": "https://store/bucket"}, "write s3://BUCKET or s3://BUCKET/PREFIX"),
        ({"URL": "s3://AKIA123:hidden@bucket/x"}, "write s3://BUCKET/PREFIX alone"),
        ({"ENDPOINT": "store:9000"}, "write https://host, or https://host:9000"),
        ({"ENDPOINT": "https://AKIA123:hidden@store"}, "write it without credentials"),
        ({"KEY_ID": "AKIA123"}, "go together: set both"),
        ({"SECRET": "hidden"}, "go together: set both"),
    ],
)
def test_where_backups_are_copied_to_is_named_without_credentials(
    changes, words, monkeypatch: pytest.MonkeyPatch
):
    for name, value in changes.items():
        monkeypatch.setenv(f"CHARTROOM_BACKUP_S3_{name}", value)

    with pytest.raises(ValidationError) as caught:
        Settings()

    explanation = explain(caught.value)
    assert words in explanation
    assert "hidden" not in explanation
    assert "AKIA123" not in explanation
