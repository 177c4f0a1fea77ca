"""Practises disasters: people work, something breaks, and what it cost is told."""

from dashboard.cluster.drills.drill import Practice
from dashboard.cluster.drills.drill_report import DrillTimeline
from dashboard.cluster.drills.drill_run import CannotDrill

__all__ = ["CannotDrill", "DrillTimeline", "Practice"]
