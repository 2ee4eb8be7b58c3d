"""Appointments: counters and officers with calendars, and the people who come to them."""
