"""The column types that every table shares."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import DateTime, Double, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import DeclarativeBase, mapped_column

PrimaryKey = Annotated[
    UUID, mapped_column(primary_key=True, server_default=text("uuidv7()"))
]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
# As both PostgreSQL and Python read it: the form in which every phone number is kept.
PHONE_NUMBER: Final = r"\+?[0-9]{10,15}"
TextList = Annotated[list[str], mapped_column(ARRAY(TEXT), server_default=text("'{}'"))]


class Base(DeclarativeBase):
    """The declarative base; constraints that people can run into are named by hand."""

    type_annotation_map: ClassVar = {
        str: Text,
        float: Double,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
