"""Opportunities, shifts, hours that happened, and the passport they add up to."""
