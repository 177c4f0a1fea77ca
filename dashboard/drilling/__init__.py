"""Practises disasters: people work, something breaks, and what it cost is told."""

from dashboard.drilling.drill import Practice
from dashboard.drilling.stage import CannotDrill
from dashboard.drilling.telling import DrillTimeline

__all__ = ["CannotDrill", "DrillTimeline", "Practice"]
