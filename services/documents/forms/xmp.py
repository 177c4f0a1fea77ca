"""Metadata of a document for machines (XMP, as PDF/A requires)."""

from datetime import UTC, datetime
from html import escape
from typing import Final

_PRODUCER: Final = "Chartroom"
_PACKET: Final = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about=""
        xmlns:dc="http://purl.org/dc/elements/1.1/"
        xmlns:xmp="http://ns.adobe.com/xap/1.0/"
        xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
        xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
      <pdfaid:part>2</pdfaid:part>
      <pdfaid:conformance>U</pdfaid:conformance>
      <dc:format>application/pdf</dc:format>
      <dc:identifier>{identifier}</dc:identifier>
      <dc:title>
        <rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt>
      </dc:title>
      <dc:creator><rdf:Seq><rdf:li>{creator}</rdf:li></rdf:Seq></dc:creator>
      <dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
      <xmp:CreatorTool>{producer}</xmp:CreatorTool>
      <xmp:CreateDate>{timestamp}</xmp:CreateDate>
      <xmp:ModifyDate>{timestamp}</xmp:ModifyDate>
      <xmp:MetadataDate>{timestamp}</xmp:MetadataDate>
      <pdf:Producer>{producer}</pdf:Producer>
    </rdf:Description>
  </rdf:RDF>
</x:xmpmeta>"""


def packet(
    *, title: str, creator: str, language: str, identifier: str, timestamp: datetime
) -> str:
    """Return the packet; the one of fpdf2 would have the clock's time, not ours."""
    return _PACKET.format(
        title=escape(title),
        creator=escape(creator),
        language=escape(language),
        identifier=escape(identifier),
        timestamp=timestamp.astimezone(UTC).isoformat(timespec="seconds"),
        producer=_PRODUCER,
    )
