"""Rows without their texts. What was paid, measured and found stays; nobody can read any more what was said."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from connector.store.traces import packed, unpacked
from judges.types import Judgment, Round
from rollouts.types import Challenge, Completion, Message, Parameters, Rollout

Rename = Callable[[Challenge], Challenge]

_BLANK = "update challenge set body = ?, blanked_at = ? where id = ?"
_REASON = "update duel set reason = substr(reason, 1, instr(reason || ':', ':') - 1) where challenge_id = ?"
"""What comes after the step that failed may repeat what was asked."""


def blank(db: sqlite3.Connection, challenge_id: str, at: float, rename: Rename = lambda challenge: challenge) -> None:
    """Take every text out of a challenge and its duels; `rename` says whose it may still be known to be."""
    [body] = db.execute("select body from challenge where id = ?", (challenge_id,)).fetchone()
    db.execute(_BLANK, (packed(rename(without_texts(unpacked(body)))), at, challenge_id))
    db.execute(_REASON, (challenge_id,))
    db.execute("delete from original where owner = ?", (challenge_id,))
    for duel_id, rollout in db.execute(
        "select id, rollout from duel where challenge_id = ?", (challenge_id,)
    ).fetchall():
        if rollout is not None:
            wordless = _rollout(Rollout.model_validate_json(rollout)).model_dump_json(exclude_none=True)
            db.execute("update duel set rollout = ? where id = ?", (wordless, duel_id))
        db.execute("delete from call where duel_id = ?", (duel_id,))
        _blank_judgments(db, duel_id)


def without_texts(challenge: Challenge) -> Challenge:
    """Return a challenge that says when and at what cost production answered, and no more."""
    return Challenge(
        id=challenge.id,
        conversation_id=challenge.conversation_id,
        content_id=challenge.content_id,
        epoch=challenge.epoch,
        tier=challenge.tier,
        origin=challenge.origin,
        messages=(),
        parameters=Parameters(max_tokens=challenge.parameters.max_tokens),
        baseline=_completion(challenge.baseline),
    )


def _blank_judgments(db: sqlite3.Connection, duel_id: str) -> None:
    rows: Mapping[str, str] = dict(db.execute("select judge, body from judgment where duel_id = ?", (duel_id,)))
    for judge, body in rows.items():
        wordless = _judgment(Judgment.model_validate_json(body)).model_dump_json(exclude_defaults=True)
        db.execute("update judgment set body = ? where duel_id = ? and judge = ?", (wordless, duel_id, judge))


def _completion(completion: Completion) -> Completion:
    return completion.model_copy(update={"message": Message(role="assistant")})


def _rollout(rollout: Rollout) -> Rollout:
    return rollout.model_copy(update={"completion": _completion(rollout.completion)})


def _judgment(judgment: Judgment) -> Judgment:
    wordless = {
        "reason": "",
        "rounds": tuple(map(_round, judgment.rounds)),
        "members": tuple(map(_judgment, judgment.members)),
        "absent": dict.fromkeys(judgment.absent, ""),
    }
    return judgment.model_copy(update=wordless)


def _round(look: Round) -> Round:
    return look.model_copy(update={"text": "", "problem": look.problem and "unreadable"})
