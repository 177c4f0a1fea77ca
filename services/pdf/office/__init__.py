"""PDFs of office files."""

from services.pdf.office.converting import OfficeConverter as OfficeConverter
