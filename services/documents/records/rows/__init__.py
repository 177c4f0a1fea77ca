"""Reading and writing the rows of documents and their versions."""
