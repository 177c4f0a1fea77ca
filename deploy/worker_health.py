"""Exit with 0 if a worker was at work within the last minute, with 1 if not."""

import os
import sys
from contextlib import closing

import psycopg2

SEEN = """
SELECT coalesce(max(last_heartbeat) > now() - interval '1 minute', false)
FROM procrastinate_workers
"""

with (
    closing(psycopg2.connect(os.environ["CHARTROOM_DATABASE_URL"])) as connection,
    connection.cursor() as cursor,
):
    cursor.execute("SET ROLE chartroom_system")
    cursor.execute(SEEN)
    sys.exit(not cursor.fetchone()[0])
