"""Resources that others send: checked, registered or filed by the services."""
