"""What the commands web, worker and token do; `dashboard.__main__` names them."""

from datetime import timedelta

from dashboard import logs, wiring
from db.routing import SYSTEM
from db.settings import Settings
from services import people, tokens
from services.actors import Role
from services.errors import NotFound


def web(settings: Settings) -> None:
    """Serve pages and API until SIGTERM; raises CannotServe."""
    from dashboard import server  # noqa: PLC0415 (brings Streamlit along)

    logs.configure()
    server.run(settings)


def worker(settings: Settings) -> None:
    """Do the background's work until SIGTERM."""
    from jobs import worker as working  # noqa: PLC0415 (brings procrastinate along)

    logs.configure()
    wired = wiring.connect(settings)
    try:
        working.run(wired.endpoints.database_url, wired.database, wired.files)
    finally:
        wired.close()


def token(settings: Settings, role: Role, lifetime: timedelta) -> str:
    """Return a new token for programs; a patient's is the demo patient's."""
    with wiring.attached(settings) as wired:
        patient_id = None
        if role is Role.PATIENT:
            cast = wired.database.read(people.demo_people, acting=SYSTEM).value
            patient_id = next((p.patient_id for p in cast if p.patient_id), None)
            if patient_id is None:
                raise NotFound("There is no demo patient for whom to make a token.")
        return wired.database.write(
            lambda session: tokens.issue(
                session, role, lifetime=lifetime, patient_id=patient_id
            ),
            acting=SYSTEM,
        ).value
