"""The API under fifty clients, compared with bare FastAPI and psycopg2."""
