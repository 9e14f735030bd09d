"""The tree of a trace's messages in a terminal: flat as long as nothing branches off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from connector.message_tree import MessageNode

_COLOURS = {"system": "magenta", "user": "bold", "assistant": "green", "tool": "cyan"}
_Below = Mapping[int | None, Sequence[MessageNode]]


def print_messages(console: Console, messages: Sequence[MessageNode]) -> None:
    """Print every message once; what shares its beginning branches off where it differs.

    The longest history goes straight on, and shorter ones are drawn to the side, so that no tree is deeper than the
    logarithm of its size.
    """
    below = defaultdict[int | None, list[MessageNode]](list)
    for node in messages:
        below[node.parent].append(node)
    sizes = _sizes(messages)
    tree = Tree(Text(f"{len(messages)} message(s)", style="bold"))
    waiting = list[tuple[Tree, Sequence[MessageNode]]]()
    for number, start in enumerate(below[None], start=1):
        alone = len(below[None]) == 1
        waiting.append((tree if alone else tree.add(Text(f"history {number}", style="dim")), [start]))
    while waiting:
        branch, starts = waiting.pop()
        waiting += _line(branch, starts, below, sizes)
    console.print(tree, "")


def _sizes(messages: Sequence[MessageNode]) -> dict[int | None, int]:
    """Count for each message all that come after it; parents stand before their children."""
    sizes = defaultdict[int | None, int](int)
    for node in reversed(messages):
        sizes[node.parent] += sizes[node.number] + 1
    return sizes


def _line(
    tree: Tree, starts: Sequence[MessageNode], below: _Below, sizes: Mapping[int | None, int]
) -> list[tuple[Tree, Sequence[MessageNode]]]:
    """Draw one line of messages to its end; return the branches to its side, to be drawn next."""
    aside, following = list[tuple[Tree, Sequence[MessageNode]]](), starts
    while following:
        ordered = sorted(following, key=lambda node: (sizes.get(node.number, 0), -node.number))
        for other in ordered[:-1]:
            aside.append((tree.add(Text("another way on", style="dim")), [other]))
        tree.add(_message(ordered[-1]))
        following = below.get(ordered[-1].number, ())
    return aside


def _message(node: MessageNode) -> Text:
    answer = f" (answer of {', '.join(node.answered_by)})" if node.answered_by else ""
    found = Text(f"{node.number} {node.role}{answer}", _COLOURS.get(node.role, ""), no_wrap=True, overflow="ellipsis")
    found.append(": " + (lines := _lines(node) or ["(nothing)"])[0], style="default")
    for line in lines[1:]:
        found.append(f"\n  {line}", style="dim")
    return found


def _lines(node: MessageNode) -> list[str]:
    lines = [node.text] if node.text else []
    lines += [f"thought: {node.reasoning}"] if node.reasoning else []
    lines += [f"calls {call.name} {call.arguments} ({call.id})" for call in node.calls]
    lines += [
        f"{'error' if result.is_error else 'result'} of {result.name or 'an unknown call'} ({result.id}): {result.text}"
        for result in node.results
    ]
    lines += [f"shows {', '.join(node.media)}"] if node.media else []
    return lines
