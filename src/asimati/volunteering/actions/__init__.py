"""Deeds of volunteering."""
