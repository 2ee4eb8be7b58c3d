"""Editions of the passport."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual


class Edition(Base):
    """One year of the passport, with its six categories."""

    __tablename__ = "edition"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    minimum_age: Mapped[int]
    tolerance_minutes: Mapped[int]
    claim_days: Mapped[int] = mapped_column(server_default="14")  # in which hours are claimed after a shift
    dispute_days: Mapped[int] = mapped_column(server_default="30")  # in which a decision on hours is disputed
    levels: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")  # code, title, hours
    categories: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
