"""What is reported, and what becomes of it."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    BRIBERY = "bribery"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    MISUSE_OF_FUNDS = "misuse_of_funds"
    FAVOURITISM = "favouritism"
    HARASSMENT = "harassment"
    DATA_MISUSE = "data_misuse"
    SAFETY = "safety"
    OTHER = "other"


class Status(StrEnum):
    RECEIVED = "received"
    STUDIED = "studied"  # the officer has opened it
    CLOSED = "closed"


class Outcome(StrEnum):
    SUBSTANTIATED = "substantiated"
    UNSUBSTANTIATED = "unsubstantiated"
    REFERRED = "referred"  # to another authority


class By(StrEnum):
    REPORTER = "reporter"
    OFFICER = "officer"
