"""Open311 GeoReport v2: the cities' common interface to service requests, over the same cases as everything else.

The standard: http://wiki.open311.org/GeoReport_v2/. What is public is decided in `public.py`, and nowhere else.
"""
