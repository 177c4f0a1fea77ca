"""The API under fifty clients, beside bare FastAPI and psycopg2."""
