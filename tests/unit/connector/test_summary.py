"""What of a leaderboard goes to Langfuse: every single figure, once per run and name."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from connector.langfuse.scores import _body
from connector.langfuse.summary import figure_ids, figure_names, item, run_scores, span
from connector.leaderboard_text.markdown import markdown
from connector.leaderboard_text.tiers import tier_figure_names, tier_figures
from connector.types import Score
from judges.standings.leaderboard import Leaderboard
from tests.boards import FULL, RIVAL, UNKNOWN

BEGUN = datetime(2026, 11, 16, 8, tzinfo=UTC)


def written(board: Leaderboard) -> dict[str, Score]:
    """Return the rival's scores by name."""
    found = list(run_scores(board, {"rival": "run-1"}, {"rival": BEGUN}))
    assert len({score.name for score in found}) == len(found)
    return {score.name: score for score in found}


def test_every_single_figure_is_a_score() -> None:
    """All numbers of a row and nothing else, as they are; what is unknown is not written."""
    scores = written(FULL)
    numbers = {
        name: value
        for name, value in RIVAL.model_dump().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    in_tiers = {name: value for name, value in tier_figures(FULL, "rival").items() if value is not None}
    assert set(scores) == set(map(figure_names().__getitem__, numbers)) | set(in_tiers) | {"switching"}
    assert {name: scores[name].value for name in in_tiers} == in_tiers
    assert {"golden_held", "adversarial_win_rate", "adversarial_held_low", "fresh_held", "together"} <= set(scores)
    assert {name: scores[figure_names()[name]].value for name in numbers} == numbers
    assert "elo" not in written(FULL.model_copy(update={"standings": (RIVAL.model_copy(update={"elo": None}),)}))


def test_names_are_stable_and_short() -> None:
    """Langfuse cuts names at 35 characters; those that dashboards already use have stayed."""
    names = [*figure_names().values(), *tier_figure_names(), "switching"]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,34}", name) for name in names)
    assert len(set(names)) == len(names)
    assert {"win_rate", "win_rate_low", "win_rate_high", "turns", "unreadable", "failed"} <= set(names)
    assert {"cost_per_1000_turns_usd", "p95_latency_s"} <= set(names)


def test_switching_is_said_in_words() -> None:
    """Its comment is the advice with what it rests on; what goes out keeps to the server's limit."""
    score = written(FULL)["switching"]
    assert (score.data_type, score.value) == ("CATEGORICAL", "not supported")
    assert score.comment is not None
    assert score.comment.startswith("as good within 2 points at 38 % of the cost")
    assert "It rests on 118 conversations" in score.comment
    endless = FULL.model_copy(update={"standings": (RIVAL.model_copy(update={"advice": "x" * 10_000}),)})
    assert len(_body(written(endless)["switching"])["comment"]) == 4000


def test_every_score_says_what_it_may_be_compared_with() -> None:
    """Hash, judge, scale and seed go with each figure, and all figures stand at the experiment's beginning."""
    for score in written(FULL).values():
        assert score.metadata == {
            "comparability": "0123456789ab",
            "judge": FULL.judge,
            "scale": "sevenths",
            "seed": 7,
            "trusted": FULL.trusted,
        }
        assert (score.timestamp, score.experiment_id) == (BEGUN, "run-1")


@pytest.mark.parametrize("change", [{"judge": "other"}, {"scale": "weight_3"}, {"comparability": "fedcba987654"}])
def test_other_conditions_have_a_leaderboard_of_their_own(change: dict[str, str]) -> None:
    """Item and trace under another judge, scale or hash stand beside the old ones."""
    other = FULL.model_copy(update=change)
    assert item(FULL)["id"] != item(other)["id"]
    assert span(FULL, "p").trace_id != span(other, "p").trace_id


def test_one_run_has_one_figure_of_a_name() -> None:
    """Under another judge it is overwritten: side by side, whoever reads figures by name would average both."""
    other = FULL.model_copy(update={"judge": "other", "comparability": "fedcba987654"})
    old, new = ({name: score.id for name, score in written(board).items()} for board in (FULL, other))
    assert old == new
    assert set(old.values()) <= set(figure_ids(["run-1"]))


def test_writing_again_overwrites() -> None:
    """The same conditions give the same ids, whatever the figures are by now."""
    later = FULL.model_copy(update={"standings": (RIVAL.model_copy(update={"win_rate": 0.6}),), "seed": 8})
    assert {name: score.id for name, score in written(FULL).items()} == {
        name: score.id for name, score in written(later).items()
    }
    assert item(FULL)["id"] == item(later)["id"]
    assert span(FULL, "p").span_id == span(later, "p").span_id


def test_item_and_trace_hold_everything() -> None:
    """The item is the whole leaderboard, which reads back; the trace shows all of it as Markdown."""
    assert Leaderboard.model_validate(item(FULL)["expectedOutput"]) == FULL
    assert span(FULL, "p").output == markdown(FULL)
    assert span(FULL, "p").started_at == datetime(2026, 11, 16, tzinfo=UTC)


def test_only_one_epoch_is_written() -> None:
    """A leaderboard of all epochs has no place there."""
    with pytest.raises(ValueError, match="one epoch"):
        item(UNKNOWN)
