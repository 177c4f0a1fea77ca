"""Drills: people work, something breaks, and what it cost is reported."""

from jobs.cluster.practice.drill import Practice as Practice
from jobs.cluster.practice.drill_report import DrillTimeline as DrillTimeline
from jobs.cluster.practice.drill_run import CannotDrill as CannotDrill
