"""Make Chartroom's role and database on a new cluster; Patroni calls this once.

Patroni passes the superuser's URL as the only argument and its password in PGPASSFILE.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.embedded import database

database.make(sys.argv[1], os.environ["DB_PASSWORD"])
