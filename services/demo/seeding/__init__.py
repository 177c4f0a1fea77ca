"""A believable clinic made of invented people."""

from services.demo.seeding.clinic import DEMO_PATIENTS, seed

__all__ = ["DEMO_PATIENTS", "seed"]
