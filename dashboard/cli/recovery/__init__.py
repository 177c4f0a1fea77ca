"""Commands for the day on which the machine is lost, and for preparing for it."""

from dashboard.cli.recovery.kits import group as group
from dashboard.cli.recovery.sites import site_group as site_group
