"""Create Chartroom's roles and database where they are missing.

Patroni calls this once, on a new cluster, with the superuser's URL as the only argument
and its password in PGPASSFILE. Call it again by hand when a new version has new roles.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.embedded.servers import database_roles

database_roles.ensure(
    sys.argv[1],
    {
        database_roles.OWNER: os.environ["DB_PASSWORD"],
        database_roles.APP: os.environ["DB_APP_PASSWORD"],
    },
)
