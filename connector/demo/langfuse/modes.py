"""Kinds of servers: by their version, and by the way they were told to write."""

from __future__ import annotations

from typing import Literal

Mode = Literal["events_only", "dual", "list_scores", "v3"]
"""`events_only`: 4.16 as installed. `dual`: 4.16 that also keeps the tables of v3. `list_scores`: a server that is new
enough to take a list of scores. `v3`: before any of the new endpoints."""

VERSIONS: dict[Mode, str] = {"events_only": "4.16.0", "dual": "4.16.0", "list_scores": "4.60.0", "v3": "3.100.0"}
EVENTS_ONLY: frozenset[Mode] = frozenset({"events_only", "list_scores"})
