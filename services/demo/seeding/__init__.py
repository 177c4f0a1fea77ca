"""A believable clinic made of invented people."""

from services.demo.seeding.clinic import (
    DEMO_PATIENTS as DEMO_PATIENTS,
    DEMO_SEED_NUMBER as DEMO_SEED_NUMBER,
    seed as seed,
)
from services.demo.seeding.events import (
    DEMO_EVENTS as DEMO_EVENTS,
    add_events as add_events,
)
