"""A host's recorded models, of one mapped class for both colours, and sessions that they are recorded in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Date, ForeignKey, Numeric, String, Table
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, composite, mapped_column, relationship

from ctsec.storage.sql import Recorded, RecordedModels
from ctsec.storage.sql.encrypted import encrypted
from ctsec.storage.sql.sealed_types import SealedColumn, SealedValue


class Base(DeclarativeBase):
    pass


class Recording(Session):
    """Sessions of the host that are listened to."""


@dataclass(frozen=True)
class Point:
    """A composite value."""

    x: int
    y: int


TAGGED = Table(
    "host_tagged",
    Base.metadata,
    Column("order_id", String(40), ForeignKey("host_order.id"), primary_key=True),
    Column("tag_id", String(40), ForeignKey("host_tag.id"), primary_key=True),
)


class Tag(Base):
    """What is not recorded."""

    __tablename__ = "host_tag"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)


class Label(Base):
    """What other models of the host's record, in the same sessions."""

    __tablename__ = "host_label"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)


class Customer(Base):
    """A recorded model whose organization is that of the actor."""

    __tablename__ = "host_customer"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), default="")
    orders: Mapped[list[Order]] = relationship(back_populates="customer", cascade="all, delete-orphan")


class Order(Base):
    """A recorded model with everything that a column can be."""

    __tablename__ = "host_order"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    organization_id: Mapped[str | None] = mapped_column(String(40))
    workspace_id: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(4000), default="untitled")
    contact: Mapped[str | None] = mapped_column(String(80))
    card: Mapped[str | None] = mapped_column(String(40))
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2, asdecimal=True))
    due: Mapped[date | None] = mapped_column(Date())
    extra: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSON))
    seen: Mapped[int] = mapped_column(default=0)
    x: Mapped[int] = mapped_column(default=0)
    y: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()
    note_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("host_customer.id"))
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own word

    place: Mapped[Point] = composite(Point, "x", "y")
    note = encrypted("note_sealed", organization="organization_id")
    customer: Mapped[Customer | None] = relationship(back_populates="orders")
    tags: Mapped[list[Tag]] = relationship(secondary=TAGGED)


FIELDS = {
    **dict.fromkeys(("title", "price", "due", "extra", "place", "customer_id", "tags"), "public"),
    "contact": "personal",
    "card": "secret",
}
ORDER = Recorded(
    Order, kind="order", id="id", organization="organization_id", workspace="workspace_id", fields=FIELDS, ignored=("seen", "version")
)
RECORDED = RecordedModels(ORDER, Recorded(Customer, kind="customer", fields={"name": "public"}))
RECORDED.listen(Recording)
RecordedModels(Recorded(Label, kind="label", fields={})).listen(Recording)
