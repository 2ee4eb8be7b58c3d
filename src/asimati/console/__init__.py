"""The staff's pages: a client of the house's own API, in the same process.

A page asks the API (`asking.ask`) exactly what a mobile app would ask, with the token of whoever is signed in, and
writes the answer down as HTML. So there is one set of rules, one audit trail, one idempotency: the API's. What the
pages add is sight and hands: lists, forms, keys, a door that works without a network.
"""

from asimati.console import pages
from asimati.console.frame import blp

__all__ = ["blp", "pages"]
