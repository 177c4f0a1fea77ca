"""The database servers as they are seen: by Patroni and by asking each."""
