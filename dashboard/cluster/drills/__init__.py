"""Practises disasters: people work, something breaks, and what it cost is told."""

from dashboard.cluster.drills.drill import Practice as Practice
from dashboard.cluster.drills.drill_report import DrillTimeline as DrillTimeline
from dashboard.cluster.drills.drill_run import CannotDrill as CannotDrill
