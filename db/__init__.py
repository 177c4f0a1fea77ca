"""How the clinic's records are kept: models, migrations, routing, files, cluster."""
