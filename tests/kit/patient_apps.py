"""A patient's app as its makers write it: what it asks for, and what it sends."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy.orm import Session

from api.fhir.apps.authorization import AppAuthorization, OAuthAnswer
from db.postgres import ANONYMOUS, SYSTEM, Database
from services.core.actors import Actor
from services.people import patient_apps, sessions
from services.people.patient_apps import APP_TYPES
from tests.kit.backend_services import TOKEN_PATH
from tests.services.people.people_samples import desk

#: What the tests' papers say is the clinic's address.
CLINIC = "https://clinic.example"
CALLBACK = "https://diary.example/callback"
AUTHORIZE_PATH = "/sign-in/app"


@dataclass
class DiaryApp:
    """A registered app, and the secret of one launch."""

    id: UUID
    callback: str
    clinic: str
    verifier: str = field(default_factory=lambda: generate_token(48))

    def asks(self, **other: str | None) -> list[tuple[str, str]]:
        """Return the parameters of its request; None leaves one out."""
        usual = {
            "response_type": "code",
            "client_id": str(self.id),
            "redirect_uri": self.callback,
            "scope": "launch/patient patient/*.rs",
            "state": "a state",
            "aud": f"{self.clinic}/fhir",
            "code_challenge": create_s256_code_challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return [(k, v) for k, v in (usual | other).items() if v is not None]

    def address(self, **other: str | None) -> str:
        """Return the address to which the app sends its patient."""
        return f"{AUTHORIZE_PATH}?{urlencode(self.asks(**other))}"

    def form(self, code: str, /, **other: str | None) -> dict[str, str]:
        """Return the form that exchanges a code; None leaves a parameter out."""
        usual = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": str(self.id),
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
        }
        return {k: v for k, v in (usual | other).items() if v is not None}

    def exchange(
        self, client: Any, code: str, /, **other: str | None
    ) -> httpx.Response:
        """Ask for the token; `client` is an API client without a token of its own."""
        answer: httpx.Response = client.ask(
            "POST", TOKEN_PATH, data=self.form(code, **other)
        )
        return answer

    def decided(
        self, database: Database, patient: Actor | None, **other: str | None
    ) -> dict[str, str]:
        """Return the answer to the app after a decision; without a patient it is no."""
        identity = patient.database_identity if patient else ANONYMOUS
        session_id = sign_in(database, patient) if patient else None

        def decide(session: Session) -> OAuthAnswer:
            return AppAuthorization(session, self.clinic).decide(
                self.asks(**other), patient, session_id
            )

        return answer_in(database.write(decide, identity=identity).value.location or "")

    def allowed(self, database: Database, patient: Actor, **other: str | None) -> str:
        """Return the code after a patient has allowed the app."""
        return self.decided(database, patient, **other)["code"]


def sign_in(database: Database, patient: Actor) -> UUID:
    """Sign a patient in, and return the id of that sign-in."""
    return database.write(
        lambda s: sessions.start(
            s, patient.id, method="code", network=None, browser=None
        ),
        identity=ANONYMOUS,
    ).value.id


def answer_in(location: str) -> dict[str, str]:
    """Return the parameters of an address, which are the answer to an app."""
    return dict(parse_qsl(urlsplit(location).query))


def register(
    database: Database, *types: str, callback: str = CALLBACK, clinic: str = CLINIC
) -> DiaryApp:
    """Register an app that may ask for these types, or all, as an administrator."""

    def write(session: Session) -> UUID:
        boss = desk(session)
        return patient_apps.register(
            session,
            boss.actor,
            name=f"Diary {uuid4().hex[:8]}",
            redirect_uris=[callback],
            resource_types=types or APP_TYPES,
            **boss.fresh,
        )

    return DiaryApp(database.write(write, identity=SYSTEM).value, callback, clinic)
