"""Chartroom's settings, read from CHARTROOM_* variables and an .env file."""

import os
from collections.abc import Mapping, Set
from datetime import timedelta
from email.errors import HeaderParseError
from email.policy import SMTP
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from dotenv.variables import Variable, parse_variables
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from db.auth_settings import THIS_MACHINE, AuthSettings
from db.endpoints import LONGEST_DELAY, Endpoints

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from db.backups.tools.backup_tool import BackupTool

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - only compared
# To PostgreSQL these names are abbreviations that know no summer time.
_SAME_AS = {
    "CET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "MET": "Europe/Brussels",
    "WET": "Europe/Lisbon",
}
_CURRENCY = "^[A-Z]{3}$"
_SITE = "^[a-z][a-z0-9]{0,15}$"
_RIGHT_TEXTS = {
    _CURRENCY: "write three capital letters, such as EUR",
    _SITE: "write up to 16 lower-case letters and digits, beginning with a letter",
}
# By pydantic's names of the problems, whose own words are for programmers.
_RIGHT_VALUES = {
    "bool_parsing": "write true or false",
    "float_parsing": "write a number",
    "greater_than": "write a number above {gt:g}",
    "greater_than_equal": "write a number of at least {ge:.12g}",
    "int_from_float": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a number of fewer digits",
    "less_than": "write a number below {lt:g}",
    "less_than_equal": "write a number of at most {le:.12g}",
    "literal_error": "write {expected}",
    "string_too_long": "write at most {max_length} characters",
    "string_too_short": "write at least {min_length} characters",
    # Of a text that is a secret.
    "too_short": "write at least {min_length} characters",
}


class _DotEnv(DotEnvSettingsSource):
    """An .env file in which ${...} stays as written unless it names a variable.

    A password may contain it, and would silently become another one.
    """

    @staticmethod
    def _static_read_env_file(
        file_path: Path,
        *,
        encoding: str | None = None,
        case_sensitive: bool = False,
        ignore_empty: bool = False,
        parse_none_str: str | None = None,
    ) -> Mapping[str, str | None]:
        values = DotEnvSettingsSource._static_read_env_file(
            file_path,
            encoding=encoding,
            case_sensitive=case_sensitive,
            ignore_empty=ignore_empty,
            parse_none_str=parse_none_str,
        )
        written = dotenv_values(
            file_path, interpolate=False, encoding=encoding or "utf-8"
        )
        known = written.keys() | os.environ.keys()
        as_written = {
            name if case_sensitive else name.lower(): value
            for name, value in written.items()
            if value is not None and _names_unknown(value, known)
        }
        return {**values, **as_written}


def _names_unknown(value: str, known: Set[str]) -> bool:
    """Return whether ${...} in a value names what nobody has set."""
    return any(
        isinstance(atom, Variable) and atom.default is None and atom.name not in known
        for atom in parse_variables(value)
    )


class _SwitchedOff(PydanticBaseSettingsSource):
    """The one setting that is switched off by an empty value.

    All others count as not set if their variable is empty.
    """

    def __init__(
        self, settings: type[BaseSettings], variables: Mapping[str, str | None]
    ) -> None:
        super().__init__(settings)
        self._variables = variables

    def get_field_value(
        self, field: FieldInfo, field_name: str
    ) -> tuple[object, str, bool]:
        """Return nothing for a single field: the call returns all there is."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, object]:
        given = self._variables.get("chartroom_office_program")
        return {"office_program": ""} if given == "" else {}


class Settings(AuthSettings):
    """Everything that can be set from outside; `.env.example` explains each one.

    Raises pydantic.ValidationError; `db.settings.explain` turns it into sentences.
    """

    model_config = SettingsConfigDict(
        env_prefix="CHARTROOM_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8501
    servers: Annotated[int, Field(ge=1, le=32)] | None = None
    https: bool = False
    data: Path = Path(__file__).resolve().parents[1] / "var"
    backup_dir: Path | None = None
    backup_every_hours: Annotated[float, Field(ge=0, le=168)] | None = None
    backup_full_every_days: Annotated[float, Field(ge=0, le=28)] = 7
    backup_kept_days: Annotated[int, Field(ge=1, le=366)] = 35
    backup_work_percent: Annotated[int, Field(ge=1, le=100)] = 5
    backup_drill_every_days: Annotated[float, Field(ge=0, le=366)] = 7
    backup_copy_drill_every_days: Annotated[float, Field(ge=0, le=366)] = 28
    backup_report_by_mail: bool = False
    backup_tool: str | None = None
    backup_tool_command: str | None = None
    backup_tool_sandbox: Path | None = None
    backup_s3_url: str | None = None
    backup_s3_endpoint: str | None = None
    backup_s3_region: str | None = None
    backup_s3_key_id: SecretStr | None = None
    backup_s3_secret: SecretStr | None = None
    database_url: str | None = None
    owner_url: str | None = None
    replica_urls: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    mongo_url: str | None = None
    audit_mongo_url: str | None = None
    allow_vulnerable_mongo: bool = False
    audit_key_file: Path | None = None
    file_keys_file: Path | None = None
    signing_key_file: Path | None = None
    patroni_urls: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    patroni_password: SecretStr | None = None
    delayed_urls: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    delayed_minutes: Annotated[
        float, Field(gt=0, le=LONGEST_DELAY // timedelta(minutes=1))
    ] = 15
    site: Annotated[str, Field(pattern=_SITE)] | None = None
    main_url: str | None = None
    demo: bool | None = None
    test_cluster_name: str | None = None
    secret_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    metrics_token: Annotated[SecretStr, Field(min_length=32)] | None = None
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    jwks_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    session_idle_minutes: Annotated[float, Field(gt=0, le=60)] = 15
    session_hours: Annotated[float, Field(gt=0, le=24)] = 12
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    mail_about_documents: bool = True
    sms_url: SecretStr | None = None
    sms_token: SecretStr | None = None
    clamd_url: str | None = None
    office_program: str = "soffice"
    read_scans: bool = True
    alert_webhook_form: Literal["chartroom", "slack"] = "chartroom"
    availability_objective: Annotated[float, Field(ge=90, lt=100)] = 99.9
    health_urls: Annotated[tuple[str, ...], NoDecode] = ()
    refuse_active_pdfs: bool = False
    api_calls_per_minute: Annotated[int, Field(ge=1)] = 1200
    clinic_name: Annotated[str, Field(min_length=1, max_length=100)] = "Your clinic"
    clinic_address: Annotated[str, Field(max_length=200)] = ""
    clinic_phone: Annotated[str, Field(max_length=50)] = ""
    timezone: str = "UTC"
    language: Literal["en", "de"] = "en"
    clock: Literal["24", "12"] = "24"
    name_order: Literal["given-family", "family-given"] = "family-given"
    currency: Annotated[str, Field(pattern=_CURRENCY)] | None = None
    public_booking: bool = False
    smallest_group: Annotated[int, Field(ge=2, le=100)] = 5
    dashboards_by_mail: Annotated[int, Field(ge=0, le=1000)] = 20
    count_alerts: Annotated[int, Field(ge=0, le=1000)] = 20
    cancellation_hours: Annotated[float, Field(ge=0, le=720)] = 24
    redis_url: SecretStr | None = None
    booking_horizon_days: Annotated[int, Field(ge=1, le=366)] = 60
    pool_size: Annotated[int, Field(ge=1, le=100)] = 5
    pool_overflow: Annotated[int, Field(ge=0, le=100)] = 10
    pool_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 30
    pool_recycle_seconds: Annotated[int, Field(ge=1)] = 3600
    replica_wait_seconds: Annotated[float, Field(ge=0, le=5)] = 0.02
    pages_per_sign_in: Annotated[int, Field(ge=1, le=100_000)] = 40
    pages_per_network: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    upload_megabytes: Annotated[int, Field(ge=1, le=100_000)] = 768
    upload_megabytes_per_sign_in: Annotated[int, Field(ge=1, le=100_000)] = 256
    reconnect_seconds: Annotated[int, Field(ge=1, le=3600)] = 120
    retry_seconds: Annotated[float, Field(ge=0, le=120)] = 30
    read_only_after_seconds: Annotated[float, Field(ge=0, le=120)] = 5
    spool_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 64

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from; the first that knows one is right."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)  # noqa: S101 - typing
        env_file = dotenv_settings.env_file
        # With the empty values, which the others leave out.
        file = _DotEnv(settings_cls, env_file=env_file, env_ignore_empty=False)
        environment = {name.lower(): value for name, value in os.environ.items()}
        return (
            init_settings,
            env_settings,
            _SwitchedOff(settings_cls, environment),
            _DotEnv(settings_cls, env_file=env_file),
            _SwitchedOff(settings_cls, file.env_vars),
            file_secret_settings,
        )

    @field_validator("replica_urls", "patroni_urls", "delayed_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _named(value) if isinstance(value, str) else value

    @field_validator(
        "database_url", "owner_url", "main_url", "replica_urls", "delayed_urls"
    )
    @classmethod
    def _are_for_libpq(
        cls, value: str | dict[str, str] | None
    ) -> str | dict[str, str] | None:
        from psycopg2 import ProgrammingError
        from psycopg2.extensions import parse_dsn

        for url in value.values() if isinstance(value, dict) else (value,):
            try:
                is_right = url is None or bool(parse_dsn(url))
            except ProgrammingError:
                # Its text repeats the URL, with the password.
                is_right = False
            if not is_right:
                raise ValueError(
                    "write postgresql://user:password@host:5432/database, and special "
                    "characters of the password as in any URL (%40 for @)"
                )
        return value

    @field_validator("mongo_url", "audit_mongo_url")
    @classmethod
    def _is_for_mongo(cls, value: str | None) -> str | None:
        from pymongo.errors import PyMongoError
        from pymongo.uri_parser import parse_uri

        try:
            # The hosts behind the other scheme are only known to DNS.
            if value and not value.startswith("mongodb+srv://"):
                parse_uri(value, validate=False)
        except (PyMongoError, ValueError):
            raise ValueError(
                "write mongodb://user:password@host:27017/?replicaSet=name, and "
                "special characters of the password as in any URL (%40 for @)"
            ) from None
        return value

    @field_validator("patroni_urls")
    @classmethod
    def _are_patronis(cls, value: dict[str, str]) -> dict[str, str]:
        for url in value.values():
            if not _leads_by(url, {"http", "https"}):
                raise ValueError("write name=http://host:8008, separated by commas")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # These hosts determine everybody's client address: never "*".
        for proxy in value:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ValueError(
                    "write addresses or networks, such as 10.0.0.5 or 10.0.0.0/24"
                ) from error
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Each by its name: "from everywhere" would name nobody in particular.
        for origin in value:
            parts = urlsplit(origin)
            is_local = parts.hostname in {"localhost", "127.0.0.1"}
            is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local)
            if not is_safe or origin != f"{parts.scheme}://{parts.netloc}":
                raise ValueError("write origins such as https://app.example.org")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Browsers' Host header is compared with them whole, and without its port.
        for host in value:
            place = f"[{host}]" if host.count(":") > 1 else host
            try:
                is_name = "*" not in host and urlsplit(f"//{place}").hostname == host
            except ValueError:
                is_name = False
            if not is_name:
                raise ValueError(
                    "write names alone, such as chartroom.example.org, without "
                    "https://, port or *"
                )
        return value

    @field_validator("jwks_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if urlsplit(f"//{host}").hostname != host:
                raise ValueError("write hosts alone, such as ehr.clinic.example")
        return value

    @field_validator("health_urls")
    @classmethod
    def _are_web_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not _leads_by(url, {"http", "https"}):
                raise ValueError("write addresses such as http://web-1:8501/health")
        return value

    @field_validator(
        "allowed_hosts",
        "trusted_proxies",
        "cors_origins",
        "jwks_hosts",
        "health_urls",
        mode="before",
    )
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, (host.strip().lower() for host in value.split(","))))

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        # PostgreSQL does not know the machine's own zone by this name.
        if value not in available_timezones() - {"localtime"}:
            raise ValueError('is not a time zone; write one like "Europe/Berlin"')
        return _SAME_AS.get(value, value)

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _leads_by(value.get_secret_value(), {"smtp", "smtps"}):
            raise ValueError(
                "write smtp://user:password@host:587 or smtps://user:password@host:465"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str | None) -> str | None:
        if value is not None and not _is_one_address(value):
            raise ValueError(
                "write one address, as in Chartroom <chartroom@example.org>; a name "
                'with a comma goes in quotes, as in "Doe, Roe" <doe@example.org>'
            )
        return value

    @field_validator("backup_tool")
    @classmethod
    def _is_a_tool(cls, value: str | None) -> str | None:
        if value is not None:
            from db.backups.tools.backup_tool import BackupTool

            BackupTool.parse(value)
        return value

    @model_validator(mode="after")
    def _a_tool_backs_up_servers_of_ones_own(self) -> Self:
        if self.backup_tool is None:
            if self.backup_tool_command is not None:
                raise ValueError(
                    "CHARTROOM_BACKUP_TOOL_COMMAND starts the tool that "
                    "CHARTROOM_BACKUP_TOOL names: set that as well"
                )
            if self.backup_tool_sandbox is not None:
                raise ValueError(
                    "CHARTROOM_BACKUP_TOOL_SANDBOX is where the tool that "
                    "CHARTROOM_BACKUP_TOOL names restores to for drills: set that as "
                    "well"
                )
            return self
        # Only its command can be wrong here: the tool itself was parsed before.
        self.own_backup_tool  # noqa: B018
        if self.is_embedded:
            raise ValueError(
                "CHARTROOM_BACKUP_TOOL is for servers of your own: set "
                "CHARTROOM_DATABASE_URL and those beside it as well. Chartroom backs "
                "up the servers that it starts itself"
            )
        return self

    @field_validator("backup_s3_url")
    @classmethod
    def _is_a_bucket(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "s3://bucket")
        if parts.scheme != "s3" or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write s3://BUCKET or s3://BUCKET/PREFIX")
        if "@" in parts.netloc or ":" in parts.netloc:
            raise ValueError(
                "write s3://BUCKET/PREFIX alone; credentials go into "
                "CHARTROOM_BACKUP_S3_KEY_ID and CHARTROOM_BACKUP_S3_SECRET, a host and "
                "its port into CHARTROOM_BACKUP_S3_ENDPOINT"
            )
        return value

    @field_validator("backup_s3_endpoint")
    @classmethod
    def _is_a_store(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://store")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write https://host, or https://host:9000")
        if "@" in parts.netloc or parts.query:
            raise ValueError(
                "write it without credentials: they go into CHARTROOM_BACKUP_S3_KEY_ID "
                "and CHARTROOM_BACKUP_S3_SECRET"
            )
        return value

    @model_validator(mode="after")
    def _a_key_has_its_secret(self) -> Self:
        if (self.backup_s3_key_id is None) != (self.backup_s3_secret is None):
            raise ValueError(
                "CHARTROOM_BACKUP_S3_KEY_ID and CHARTROOM_BACKUP_S3_SECRET go "
                "together: set both, or none to use AWS's own variables"
            )
        return self

    @field_validator("sms_url")
    @classmethod
    def _is_a_gateway(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _leads_by(value.get_secret_value(), {"https"}, here={"http"}):
            raise ValueError("write https://; http:// is for this machine only")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_a_cache(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _leads_by(value.get_secret_value(), {"redis", "rediss"}):
            raise ValueError("write redis://host:6379/0 or rediss://... with TLS")
        return value

    @field_validator("clamd_url")
    @classmethod
    def _is_a_scanner(cls, value: str | None) -> str | None:
        if value is None:
            return None
        is_socket = value.startswith("unix:") and bool(urlsplit(value).path)
        if not is_socket and not _leads_by(value, {"tcp"}):
            raise ValueError(
                "write unix:///run/clamav/clamd.ctl or tcp://localhost:3310"
            )
        return value

    @model_validator(mode="after")
    def _emails_have_a_sender(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError(
                "CHARTROOM_SMTP_URL and CHARTROOM_MAIL_FROM go together: letters need "
                "both a server that takes them and an address that they come from"
            )
        return self

    @model_validator(mode="after")
    def _public_bookings_are_confirmed_by_email(self) -> Self:
        if self.public_booking and self.smtp_url is None and not self.is_demo:
            raise ValueError(
                "CHARTROOM_PUBLIC_BOOKING needs CHARTROOM_SMTP_URL and "
                "CHARTROOM_MAIL_FROM: people who book without an account confirm it "
                "with a code sent by e-mail"
            )
        return self

    @model_validator(mode="after")
    def _reports_by_mail_are_sent(self) -> Self:
        if self.backup_report_by_mail and self.smtp_url is None:
            raise ValueError(
                "CHARTROOM_BACKUP_REPORT_BY_MAIL needs CHARTROOM_SMTP_URL and "
                "CHARTROOM_MAIL_FROM: otherwise nobody would get the report, or notice"
            )
        return self

    @model_validator(mode="after")
    def _servers_come_together(self) -> Self:
        servers = (self.database_url, self.mongo_url, self.audit_mongo_url)
        if any(servers) and not all(servers):
            raise ValueError(
                "CHARTROOM_DATABASE_URL, CHARTROOM_MONGO_URL and "
                "CHARTROOM_AUDIT_MONGO_URL go together: set all of them to use your "
                "own servers, or none to embed them"
            )
        return self

    @model_validator(mode="after")
    def _a_site_follows_another(self) -> Self:
        if self.site and (self.is_embedded or self.main_url is None):
            raise ValueError(
                "CHARTROOM_SITE is for servers of your own that follow another site: "
                "set CHARTROOM_DATABASE_URL and those beside it to this site's "
                "servers, and CHARTROOM_MAIN_URL to the other's"
            )
        return self

    @model_validator(mode="after")
    def _the_public_address_is_the_fronts(self) -> Self:
        if self.https and (self.public_url or "https:").startswith("http:"):
            raise ValueError(
                "CHARTROOM_PUBLIC_URL begins with http:// and CHARTROOM_HTTPS is set: "
                "write https://, or leave --https out"
            )
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the databases are the ones that Chartroom starts itself."""
        return self.database_url is None

    @property
    def backups(self) -> Path:
        """The folder that keeps the backups.

        Its disk may never answer, so symbolic links are not resolved.
        """
        folder = (self.backup_dir or self.data / "backups").expanduser()
        return Path(os.path.abspath(folder))  # noqa: PTH100 - see above

    @property
    def own_backup_tool(self) -> "BackupTool | None":
        """The clinic's own tool that backs up PostgreSQL, if it has one."""
        if self.backup_tool is None:
            return None
        from db.backups.tools.backup_tool import BackupTool

        return BackupTool.parse(self.backup_tool, self.backup_tool_command)

    @property
    def backup_interval(self) -> timedelta | None:
        """The time between two backups; None if none is made automatically.

        By default, full backups, each as large as the clinic, are not made every hour.
        """
        hours = self.backup_every_hours
        if hours is None:
            hours = 1 if self.backup_full_interval else 24
        return timedelta(hours=hours) or None

    @property
    def backup_full_interval(self) -> timedelta | None:
        """The time between two full backups; None if none is incremental."""
        return timedelta(days=self.backup_full_every_days) or None

    @property
    def backup_drill_interval(self) -> timedelta | None:
        """The time between two restore drills; None if none is run automatically."""
        return timedelta(days=self.backup_drill_every_days) or None

    @property
    def backup_copy_drill_interval(self) -> timedelta | None:
        """The time between two restore drills from the copy; None if none is run."""
        if self.backup_s3_url is None:
            return None
        return timedelta(days=self.backup_copy_drill_every_days) or None

    @property
    def health_addresses(self) -> tuple[str, ...]:
        """The web servers' health URLs; unless set, only the embedded one is known."""
        if self.health_urls or not self.is_embedded:
            return self.health_urls
        scheme = "https" if self.https else "http"
        host = "localhost" if self.host in _EVERYWHERE else self.host
        place = f"[{host}]" if ":" in host else host
        return (f"{scheme}://{place}:{self.port}/health",)

    @property
    def is_demo(self) -> bool:
        """Whether codes appear on screen and the demo's people may sign in."""
        return self.is_embedded if self.demo is None else self.demo

    @property
    def fee_currency(self) -> str | None:
        """The currency of doctors' fees; None if the clinic has set none.

        The demo's people live in Great Britain.
        """
        return self.currency or ("GBP" if self.is_demo else None)

    def external_endpoints(self) -> Endpoints:
        """Return the configured servers; raises ValueError if they are embedded."""
        if self.database_url is None or self.mongo_url is None:
            raise ValueError("no servers are set: the databases are embedded")
        return Endpoints(
            self.database_url,
            self.replica_urls,
            self.mongo_url,
            self.patroni_urls,
            audit_url=self.audit_mongo_url or "",
            owner_url=self.owner_url,
            patroni_password=(
                self.patroni_password.get_secret_value()
                if self.patroni_password
                else ""
            ),
            delayed_urls=self.delayed_urls,
            site=self.site,
            main_url=self.main_url if self.site else None,
        )


def explain(error: ValidationError) -> str:
    """Return a sentence per wrong setting with the reason, without its value."""
    return "\n".join(
        f"{_variable(problem['loc'])}{explain_problem(problem)}."
        for problem in error.errors(include_input=False)
    )


def explain_problem(problem: "ErrorDetails") -> str:
    """Return what to write instead of a wrong value, without repeating that value."""
    context = problem.get("ctx", {})
    if words := _RIGHT_TEXTS.get(context.get("pattern", "")):
        return words
    if words := _RIGHT_VALUES.get(problem["type"]):
        return words.format(**context)
    return problem["msg"].removeprefix("Value error, ")


def _variable(location: tuple[int | str, ...]) -> str:
    return f"CHARTROOM_{str(location[0]).upper()}: " if location else ""


def _leads_by(url: str, schemes: set[str], *, here: set[str] | None = None) -> bool:
    """Return whether the URL has such a scheme, a host and, if any, a possible port.

    `here` are the schemes that are enough for this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if port == 0:
        return False
    if parts.hostname in THIS_MACHINE and parts.scheme in (here or ()):
        return True
    return bool(parts.hostname) and parts.scheme in schemes


def _is_one_address(sender: str) -> bool:
    """Return whether a header From with this value has one address, and a whole one."""
    try:
        addresses = SMTP.header_factory("From", sender).addresses
    except (HeaderParseError, ValueError, IndexError):
        return False
    return (
        sender.isprintable()
        and len(addresses) == 1
        and bool(addresses[0].username and addresses[0].domain)
    )


def _named(listed: str) -> dict[str, str]:
    """Parse "name=url, name=url"; a URL without a name is named by its host."""
    named: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        name, separator, url = entry.partition("=")
        if not separator or "/" in name:
            parts = urlsplit(entry)
            name, url = f"{parts.hostname}:{parts.port or 5432}", entry
        named[name] = url
    return named
