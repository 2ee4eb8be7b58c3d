"""Blocks and holidays."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, version_column


class Standing(StrEnum):
    """How sure a holiday's day is: the moon and a circular decide, sometimes days before."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"


class Block(Base):
    """A numbered block (مجمع), which serves as the postcode. Retired ones stay for the cases that name them."""

    __tablename__ = "block"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    area: Mapped[dict[str, Any]] = bilingual()
    search: Mapped[str] = mapped_column(Text)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    retired: Mapped[bool] = mapped_column(server_default="false")


class Holiday(Base):
    __tablename__ = "holiday"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[dict[str, Any]] = bilingual()
    standing: Mapped[Standing] = one_of(Standing, name="standing")
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
