"""Texts that staff begin an answer with: from the pack, kept by supervisors, filled in for a case."""
