"""Resources that others send: validated here, registered or filed by the services."""
