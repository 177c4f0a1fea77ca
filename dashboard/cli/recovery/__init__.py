"""Commands for the day on which the machine is lost, and to prepare for it."""

import typer

from dashboard.cli.recovery import copy_owner, kits, restoring
from dashboard.cli.recovery.sites import site_group as site_group

group = typer.Typer()
for commands in (restoring, kits, copy_owner):
    group.add_typer(commands.group)
