"""A believable clinic made of invented people."""

from services.demo.seeding.clinic import DEMO_PATIENTS as DEMO_PATIENTS, seed as seed
