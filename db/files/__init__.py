"""How files are kept in GridFS: encrypted, in chunks, each with a key of its own."""
