"""Programmes and their events: booking, the waitlist, tickets, the door."""
