"""The invented clinic's past: two years of visits, their notes, and its servers.

Its papers are separate, for processes that can print: see `history.papers`.
"""

from services.demo.history.backups import invent_storage as invent_storage
from services.demo.history.filling import History as History, fill as fill
from services.demo.history.servers import Server as Server
