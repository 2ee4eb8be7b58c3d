"""Asimati: the open backend of a governorate's e-services app."""

__version__ = "0.1.0"
