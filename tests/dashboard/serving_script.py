"""Chartroom's server with the script named on the command line in place of its own."""

import sys
from pathlib import Path

from dashboard.web import server
from dashboard.web.log import json_log
from db.settings import Settings

if __name__ == "__main__":
    json_log.configure()
    server.run(Settings(), script=Path(sys.argv[1]))
