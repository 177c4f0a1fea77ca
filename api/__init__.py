"""The API for programs: thin FastAPI routers over the services."""
