"""The terminal, on which words are words: what production wrote can neither colour it nor move its cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_CONTROLS: Final = dict.fromkeys(sign for sign in (*range(32), *range(127, 160)) if chr(sign) not in "\n\t")
"""C0 and C1: an escape among them begins a command to the terminal (ECMA-48)."""


class Terminal(Console):
    """A console that reads no markup in a text, and prints none of the control characters in it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is to be printed; the console's own commands stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=segment.text.translate(_CONTROLS))
