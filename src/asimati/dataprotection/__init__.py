"""The data-protection desk: what people may ask of their data, and what the house does by itself.

It knows no other room. What is kept of people each room says in its `privacy.py` (kit.privacy): from that follow a
person's archive, the plan of an erasure and the erasure, the nightly purge, and the record of processing.
"""
