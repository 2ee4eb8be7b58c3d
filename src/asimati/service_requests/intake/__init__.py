"""How cases come in: drafts, similar cases to follow, who may file, what is known already, batches, files."""
