"""The tables, as migrations: a list of functions that only ever grows."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import sqlite_utils
from sqlite_utils.migrations import Migrations

from connector.store.alerts import ALERTS
from connector.store.calls import SPENDING
from connector.store.draws import DRAWS, STRATA
from connector.store.forgetting import FORGOTTEN
from connector.store.history import EPOCHS
from connector.store.holds import HOLDS
from connector.store.masks import MASKS, ORIGINALS
from connector.store.pairs import PAIRS
from connector.store.tiers import TIERS

migrations = Migrations("understudy")


@migrations()
def m001_initial(db: sqlite_utils.Database) -> None:
    """Traces and turns with their fates, challenges once, duels that refer to them, and the calls under way."""
    for statement in _INITIAL:
        db.execute(statement)


_INITIAL = (
    """create table mark (source text primary key, high_water text not null) strict, without rowid""",
    """create table trace (
        id text primary key, session_id text, started_at text not null, observations integer not null,
        latest text, fate text not null, reason text not null
    ) strict, without rowid""",
    """create table turn (
        id text primary key, trace_id text not null, fate text not null, reason text not null,
        content_id text not null, observed integer not null
    ) strict, without rowid""",
    "create index turn_of_trace on turn (trace_id)",
    "create index turn_by_content on turn (content_id, observed)",
    """create table challenge (
        id text primary key, conversation_id text not null, trace_id text not null, session_id text,
        epoch text not null, body blob not null,
        baseline_cost_usd real, baseline_latency_s real,
        read_tokens integer not null, answer_tokens integer not null, most_tokens integer,
        posting integer not null default 0
    ) strict""",
    "create index challenge_by_epoch on challenge (epoch)",
    """create table duel (
        id text primary key, challenge_id text not null references challenge (id), challenger text not null,
        fingerprint text not null, epoch text not null, state text not null, reason text not null default '',
        attempts integer not null default 0, due_at real not null default 0,
        rollout text, judgment text, judge text, verdict text, score real, consistent integer, identical integer,
        cost_usd real, latency_s real, posted_at real, confirmed integer not null default 0
    ) strict""",
    "create index duel_due on duel (challenger, fingerprint, state desc, due_at)",
    "create index duel_judged on duel (due_at) where state = 'judged'",
    "create index duel_of_challenge on duel (challenge_id)",
    "create index duel_unconfirmed on duel (confirmed, state, posted_at)",
    """create table call (
        key text primary key, duel_id text, completion text
    ) strict, without rowid""",
    "create index call_of_duel on call (duel_id)",
)


@migrations()
def m002_places(db: sqlite_utils.Database) -> None:
    """Copies of a turn are known by its place, and turns are counted by what logged them."""
    for statement in _PLACES:
        db.execute(statement)


_PLACES = (
    "drop index turn_by_content",
    "alter table turn drop column content_id",
    "alter table turn add column presumed integer not null default 0",
    "alter table turn add column place text not null default ''",
    "alter table turn add column words text not null default ''",
    "alter table turn add column echo text not null default ''",
    "alter table turn add column format text",
    "alter table turn add column integration text",
    "create index turn_by_place on turn (place, observed)",
    "create index turn_by_words on turn (words, observed)",
    "create index turn_by_echo on turn (echo, observed)",
    "create index turn_presumed_by_words on turn (words) where presumed and fate = 'challenged'",
    "create index turn_presumed_by_echo on turn (echo) where presumed and fate = 'challenged'",
)


@migrations()
def m003_judgments(db: sqlite_utils.Database) -> None:
    """A duel may be judged again: its judgments have a table, and what code can tell of answers has columns."""
    for statement in _JUDGMENTS:
        db.execute(statement)


_JUDGMENTS = (
    """create table judgment (
        duel_id text not null references duel (id), judge text not null, body text not null, verdict text not null,
        score real, won real, battles real, consistent integer, identical integer not null, meetings text,
        primary key (duel_id, judge)
    ) strict, without rowid""",
    """create table opinion (
        duel_id text not null references duel (id), jury text not null, judge text not null, verdict text not null,
        score real, won real, battles real, consistent integer, seat_bias real, primary key (duel_id, jury, judge)
    ) strict, without rowid""",
    """insert into judgment (duel_id, judge, body, verdict, score, consistent, identical)
        select id, judge, judgment, verdict, score, consistent, identical from duel where judgment is not null""",
    *(f"alter table duel drop column {name}" for name in ("judgment", "verdict", "score", "consistent", "identical")),
    *(
        f"alter table {table} add column {column}"
        for table in ("challenge", "duel")
        for column in (
            "calls integer",
            "faults text",
            "style_length real",
            "style_headers integer",
            "style_items integer",
            "style_bold integer",
        )
    ),
    "alter table duel add column same_calls integer",
    "alter table challenge add column user_id text",
    "alter table challenge add column slices text",
    "create index duel_by_judge on duel (judge, epoch)",
)


@migrations()
def m004_pairs(db: sqlite_utils.Database) -> None:
    """Duels that people are shown blind, the chance each had of that, and what people say."""
    for statement in PAIRS:
        db.execute(statement)


@migrations()
def m005_spending(db: sqlite_utils.Database) -> None:
    """Every call that may have cost money, for good."""
    for statement in SPENDING:
        db.execute(statement)


@migrations()
def m006_tiers(db: sqlite_utils.Database) -> None:
    """A challenge has a tier; one that was drawn stands for others, and one that waits for the draw has no duels."""
    for statement in _TIERS:
        db.execute(statement)


_TIERS = (
    "alter table challenge add column tier text not null default 'fresh'",
    "alter table challenge add column weight real not null default 1",
    "alter table challenge add column held integer not null default 0",
    "alter table challenge add column cluster text",
    "create index challenge_held on challenge (epoch) where held",
)


@migrations()
def m007_epochs(db: sqlite_utils.Database) -> None:
    """Epochs close, and their leaderboards are kept."""
    for statement in EPOCHS:
        db.execute(statement)


@migrations()
def m008_tiers(db: sqlite_utils.Database) -> None:
    """What is asked in every epoch, what people flagged, and why anything was taken out."""
    for statement in TIERS:
        db.execute(statement)


@migrations()
def m009_masks(db: sqlite_utils.Database) -> None:
    """The key that makes digests of personal data worth nothing elsewhere, and counts of what was masked."""
    for statement in MASKS:
        db.execute(statement)


@migrations()
def m012_draws(db: sqlite_utils.Database) -> None:
    """Turns wait for the draw of their epoch; draws and clusters are remembered."""
    for statement in DRAWS:
        db.execute(statement)


@migrations()
def m013_holds(db: sqlite_utils.Database) -> None:
    """What stands still is written down, for whoever looks from outside."""
    for statement in HOLDS:
        db.execute(statement)


@migrations()
def m010_forgotten(db: sqlite_utils.Database) -> None:
    """Texts may be taken out, and what was forgotten does not come again."""
    for statement in FORGOTTEN:
        db.execute(statement)


@migrations()
def m011_alerts(db: sqlite_utils.Database) -> None:
    """What webhooks are told, once an event."""
    for statement in ALERTS:
        db.execute(statement)


@migrations()
def m015_strata(db: sqlite_utils.Database) -> None:
    """A challenge knows which part of the traffic it was drawn from."""
    for statement in STRATA:
        db.execute(statement)


@migrations()
def m014_originals(db: sqlite_utils.Database) -> None:
    """What was masked is kept where a model of one's own may see it, and nowhere else."""
    for statement in ORIGINALS:
        db.execute(statement)


def open_database(path: str) -> sqlite3.Connection:
    """Open the state file, creating and migrating it as needed, in write-ahead mode.

    With `synchronous = normal` a killed process loses nothing; a power cut may lose the last commits, never the file.
    """
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")  # what is forgotten leaves no bytes behind
        migrations.apply(sqlite_utils.Database(connection))
        connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    connection.isolation_level = None
    return connection


def open_reader(path: str) -> sqlite3.Connection:
    """Open the state file beside whoever writes it, to look and not to touch."""
    connection = sqlite3.connect(f"file:{quote(str(Path(path).resolve()))}?mode=ro", uri=True, timeout=30)
    connection.isolation_level = None
    return connection
