"""The settings of the clinic's own identity provider, and of our public URL."""

import json
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

# A patient's role comes with a record, which no identity provider knows.
GrantedRole = Literal["staff", "clinician", "analyst", "admin"]

# The host names under which a machine reaches itself alone.
THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ROLES: Final = TypeAdapter(dict[str, GrantedRole])


class AuthSettings(BaseSettings):
    """How people sign in from outside; part of `db.settings.Settings`."""

    public_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: Annotated[str, Field(min_length=1)] | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_label: Annotated[str, Field(min_length=1, max_length=60)] = (
        "your clinic's account"
    )
    oidc_scopes: str = "openid profile email"
    oidc_role_claim: Annotated[str, Field(min_length=1)] = "groups"
    oidc_roles: Annotated[dict[str, GrantedRole], NoDecode] = {}

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        plain = parts._replace(path="") if parts.path == "/" else parts
        if not _is_safe(value) or plain.geturl() != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(
                "write only the address at which browsers reach Chartroom, as in "
                '"https://chartroom.example.org"; http:// is for this machine only'
            )
        return plain.geturl().lower()

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, value: str | None) -> str | None:
        if value is not None and (not _is_safe(value) or urlsplit(value).query):
            raise ValueError("write https://; http:// is for this machine only")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _asks_for_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError('must name the scope "openid"')
        return value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _read_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return _ROLES.validate_python(json.loads(value))
        except ValueError:
            raise ValueError(
                'write JSON that gives groups a role, as in {"doctors": "clinician"}; '
                "the roles are staff, clinician, analyst and admin"
            ) from None

    @model_validator(mode="after")
    def _a_provider_knows_us(self) -> Self:
        needed = (self.oidc_issuer, self.oidc_client_id)
        if any(needed) and not (all(needed) and self.public_url):
            raise ValueError(
                "CHARTROOM_OIDC_ISSUER, CHARTROOM_OIDC_CLIENT_ID and "
                "CHARTROOM_PUBLIC_URL go together: the identity provider must know "
                "who asks and where to send people back to"
            )
        return self


def _is_safe(url: str) -> bool:
    """Return whether nobody on the way can change what the URL delivers."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.fragment:
        return False
    is_here = parts.hostname in THIS_MACHINE and parts.scheme == "http"
    return is_here or (bool(parts.hostname) and parts.scheme == "https")
