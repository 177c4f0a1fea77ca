"""The door for programs: thin FastAPI routers over the services."""
