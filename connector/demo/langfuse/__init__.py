"""A Langfuse small enough to live in a process: real HTTP, in memory, shaped by recordings of a real 4.16.

It answers what this project asks, with the status and the JSON shape that was recorded, and can be told to fail.
What it keeps is lost when it stops. It is no Langfuse: nobody should point an application at it.
"""

from __future__ import annotations

from connector.demo.langfuse.modes import Mode
from connector.demo.langfuse.rows import Experiment, Observation, Score
from connector.demo.langfuse.server import SmallLangfuse
from connector.demo.langfuse.state import Served

__all__ = ["Experiment", "Mode", "Observation", "Score", "Served", "SmallLangfuse"]
