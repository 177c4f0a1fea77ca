"""How an uploaded file is filed: for whom, as what."""
