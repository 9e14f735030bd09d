"""Draw the terminal screenshots of the README from a real run: `python docs/screenshots.py`.

Runs `understudy demo` and writes what it prints to stdout as SVG pictures beside this file.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""  # Rich's own, without the font from a foreign host


def draw(text: str, title: str, name: str) -> None:
    """Write `text` as a picture of a terminal."""
    console = Console(record=True, width=100, file=sys.stderr, quiet=False)
    console.print(Text(text))
    svg = console.export_svg(title=title, code_format=FORMAT, unique_id=name)
    (HERE / f"{name}.svg").write_text(re.sub(r"[ \t]+\n", "\n", svg), encoding="utf-8")


def main() -> None:
    """Run the demo and draw both halves of what it prints."""
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "understudy"), "demo"], capture_output=True, text=True, check=True
    )
    board, _, rest = ran.stdout.partition("True order")
    draw(board.strip(), "understudy leaderboard", "leaderboard")
    draw("What a person" + rest.partition("What a person")[2].rstrip(), "what a person sees in Langfuse", "langfuse")


if __name__ == "__main__":
    main()
