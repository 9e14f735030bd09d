"""The leaderboard in words and tables, for a terminal, for Markdown and for other programs. Pure.

Each module answers one question with `Sheet`s; `whole` puts them in order.
"""
