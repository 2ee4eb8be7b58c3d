"""Letters and certificates issued from a case: numbered, in both languages, verified by anybody, revocable."""
