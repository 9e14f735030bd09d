"""What each table says of boards made by hand."""

from __future__ import annotations

from connector.leaderboard_text.advice import SAME, advice, alarms
from connector.leaderboard_text.calls import tool_calls
from connector.leaderboard_text.decisions import decisions
from connector.leaderboard_text.jury import jury
from connector.leaderboard_text.main_table import main_table
from connector.leaderboard_text.notes import notes
from connector.leaderboard_text.paired import differences, meetings
from connector.leaderboard_text.parts import parts
from connector.leaderboard_text.people import agreement, corrected
from connector.leaderboard_text.quality import certainty, equal_terms, left_out
from connector.leaderboard_text.sheets import Sheet
from connector.leaderboard_text.tiers import tiers
from connector.leaderboard_text.whole import further_tables
from judges.standings.leaderboard import Leaderboard
from tests.boards import FULL, PRODUCTION, RIVAL, UNKNOWN, crowded, in_tier


def texts(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    """Return the cells beside each first cell."""
    return {row[0].text: tuple(cell.text for cell in row[1:]) for row in sheet.rows}


def with_rival(**changes: object) -> Leaderboard:
    """Return the full board, but with another rival."""
    rival = RIVAL.model_copy(update=changes)
    return FULL.model_copy(update={"standings": (rival, *FULL.standings[1:])})


def test_main_table() -> None:
    """Places and rates are intervals, production stands at one half, the control is marked, few are marked."""
    rows = texts(main_table(FULL))
    assert rows["rival"] == ("51.2 %", "48.1 … 54.3", "1–2", "150/90/140", "380/118", "1.60", "0.90/12.5")  # noqa: RUF001
    assert rows["baseline"][:2] == ("50.0 %", "—")
    assert rows["replayed †"][4] == "20/12~"
    assert texts(main_table(UNKNOWN))["nobody"] == ("—", "—", "—", "0/0/0", "0/0~", "—", "—")


def test_inside_the_noise() -> None:
    """Whoever lies within the control's interval is called so, once; the control itself is not."""
    rival, replayed = advice(FULL)
    assert rival.sentence.count(SAME) == 1
    assert SAME not in replayed.sentence
    [told, _] = advice(with_rival(advice=f"as good; {SAME}; switching is undecided"))
    assert told.sentence == f"as good; {SAME}; switching is undecided."
    [outside, _] = advice(with_rival(within_noise=False))
    assert SAME not in outside.sentence


def test_what_a_sentence_rests_on() -> None:
    """The detectable difference, what more certainty takes, and that a sample is small."""
    rival, replayed = advice(FULL)
    assert "shows true differences from 4.2 points; ±2 points would take 340 more" in rival.rests
    assert not rival.small
    assert replayed.rests.startswith("rests on 12 conversations, a small sample and a rough guide")
    assert replayed.small
    [none] = advice(UNKNOWN)
    assert none.rests == "rests on 0 conversations; nothing was judged"


def test_alarms() -> None:
    """Judges that people contradict, and tool calls of which one in fifty is broken; on production's side as well."""
    faults = {"faulty_calls": 60, "faults": {"unknown_tool": 60}, "fault_shares": {"unknown_tool": 0.12}}
    broken = PRODUCTION.model_copy(update=faults)
    found = alarms(FULL.model_copy(update={"standings": (broken,)}))
    assert found == [
        "UNTRUSTED JUDGE claude-opus-4-5: it agrees with people on 71.0 % of their duels only.",
        "BROKEN TOOL CALLS of production itself: 12.0 % of 500 (12.0 % unknown tool).",
    ]
    assert alarms(UNKNOWN) == []


def test_without_traffic_that_is_said_first() -> None:
    """A leaderboard of golden turns alone shows them, and says that nothing is known of the traffic."""
    golden = UNKNOWN.model_copy(update={"tiers": (in_tier("golden", "nobody"),)})
    assert [alarm[:11] for alarm in alarms(golden)] == ["NO TRAFFIC:"]
    assert [sheet.title for sheet in tiers(golden)] == ["How does each do in each tier? (95 % intervals)"]


def test_tiers() -> None:
    """Each tier with its weight, what is won and what is held, and all together; nothing where there is but one."""
    [sheet] = tiers(FULL)
    lines = [[cell.text for cell in line] for line in sheet.rows]
    assert lines == [
        ["rival", "fresh", "×1", "51.2 (48.1 … 54.3)", "80.0 (68.0 … 88.0)", "380/118"],  # noqa: RUF001
        ["rival", "golden", "×1", "40.0 (35.0 … 46.0)", "80.0 (68.0 … 88.0)", "60/40"],  # noqa: RUF001
        ["rival", "adversarial", "×3", "25.0 (20.0 … 31.0)", "40.0 (68.0 … 88.0)", "60/40~"],  # noqa: RUF001
        ["rival", "together", "", "43.1 (40.2 … 46.2)", "", ""],
        ["replayed †", "golden", "×1", "—", "—", "—"],  # noqa: RUF001
    ]
    assert list(tiers(FULL.model_copy(update={"tiers": FULL.tiers[:1]}))) == []


def test_estimates_say_what_for() -> None:
    """Where turns were drawn, the notes say how many stand for how many; where all were taken there is no such note."""
    said = "Figures estimate all traffic, about 12,345 turns, from 400 drawn; counts are of these."
    assert said in notes(FULL, [])
    whole = FULL.model_copy(update={"traffic_turns": 400.0})
    assert not any("estimate all" in note for note in notes(whole, []))


def test_unequal_weights_are_said() -> None:
    """Beside the conversations stands as how many they count; few of those are a small sample."""
    saying, _ = advice(with_rival(effective=21))
    assert "rests on 118 conversations, which stand for unequal parts of the traffic and count as 21" in saying.rests
    assert "a small sample" in saying.rests
    assert saying.small


def test_equal_terms() -> None:
    """Controlled rates with their intervals; a missing rating has its reason."""
    [sheet] = equal_terms(FULL)
    assert texts(sheet)["rival"] == ("51.2 %", "50.1 (47.0 … 53.5)", "49.4 (46.0 … 53.0)", "1008 (987 … 1030)")
    assert sheet.notes == ("replayed: no rating, it never lost",)


def test_certainty() -> None:
    """Half the interval, the smallest difference that shows, and how many more are wanted."""
    [sheet] = certainty(FULL)
    assert sheet.columns[-1] == "more for ±2 points"
    assert texts(sheet) == {"rival": ("118", "3.1", "4.2", "340"), "replayed †": ("12~", "3.0", "6.0", "900")}


def test_what_is_in_no_average() -> None:
    """Shares are of all that were asked; a large one is an alarm."""
    [sheet] = left_out(FULL)
    assert texts(sheet)["rival"] == ("400", "8 (2.0 %)", "12 (3.0 %)", "30", "87.0 %")
    assert sheet.rows[1][2] == ("4 (16.7 %) !", "alarm", None)


def test_people() -> None:
    """A gap is shown where it is larger than its error."""
    [sheet] = corrected(FULL)
    assert texts(sheet)["rival"] == ("64", "51.2 %", "46.0 (41.0 … 51.0)", "+5.2 ±3.0 !")
    assert texts(sheet)["replayed †"][-1] == "no more than its error ±5.0"


def test_a_jury_under_the_floor_is_an_alarm() -> None:
    """Also where too little is known of each of its judges."""
    judges = tuple(judge.model_copy(update={"trusted": None}) for judge in FULL.judges)
    board = FULL.model_copy(update={"judges": judges, "trusted": False})
    assert alarms(board)[0] == "UNTRUSTED JURY: together it agrees with people on 71.0 % of its duels only."
    [sheet] = agreement(board)
    assert texts(sheet)["all together"][-1] == "UNTRUSTED !"
    assert not any("JURY" in alarm for alarm in alarms(FULL))


def test_sentences_speak_of_what_was_resampled() -> None:
    """Where intervals rest on users, nothing is said of conversations."""
    board = FULL.model_copy(update={"unit": "user"})
    said = [f"{saying.sentence} {saying.rests}" for saying in advice(board)]
    said += [note for sheet in further_tables(board) for note in sheet.notes]
    assert any("users" in text for text in said)
    assert not any("conversation" in text for text in said)
    assert "turns/user" in main_table(board).columns


def test_agreement() -> None:
    """Both figures with their intervals; what is not defined has its reason."""
    [sheet] = agreement(FULL)
    assert texts(sheet)["claude-opus-4-5"] == ("64", "71.0 (60.0 … 80.0)", "0.52 (0.35 … 0.68)", "UNTRUSTED !")
    assert texts(sheet)["gpt-5"][2:] == ("—", "yes")
    assert sheet.notes == ("gpt-5: one verdict only",)


def test_tool_calls() -> None:
    """Both sides, and each kind of fault, the commonest first."""
    calls, faults = tool_calls(FULL)
    assert texts(calls)["rival"] == ("480", "87.5 %", "84.0 … 90.5", "12.5 % (60) !", "74.0 %")
    assert texts(calls)["baseline"] == ("500", "99.4 %", "98.5 … 99.9", "0.6 % (3)", "")
    assert faults.columns == ("challenger", "truncated", "schema", "missing argument")
    assert faults.rows[0][1] == ("12.1 % (58) !", "alarm", None)


def test_differences() -> None:
    """What Holm's correction leaves is marked; what could not be compared says why."""
    [sheet] = differences(FULL)
    assert texts(sheet)["rival"] == ("replayed", "+6.2*", "2.0 … 10.0", "<0.001", "380/118", "5.0")
    assert sheet.notes == ("1 pair: nothing shared",)


def test_head_to_head() -> None:
    """A matrix says both directions and what was only reckoned; a crowd gets a list."""
    [matrix] = meetings(FULL)
    assert texts(matrix) == {
        "rival": ("#1", "·", "≈51.2", "62.5"),
        "baseline": ("#2", "≈48.8", "·", "—"),
        "replayed": ("#3", "37.5", "—", "·"),
    }
    [crowd] = meetings(crowded())
    assert crowd.columns == ("first", "second", "first gets, %", "turns")
    assert len(crowd.rows) == 190


def test_slices() -> None:
    """One table per dimension; a small slice is faint and marked, one that differs strong and marked."""
    language, tool = parts(FULL)
    assert texts(language)["de"] == ("rival", "31.0 %*", "25.0 … 38.0", "0.002", "90/40")
    assert {cell.tone for cell in language.rows[0]} == {"strong"}
    assert texts(tool)["none"][-1] == "4/3~"
    assert {cell.tone for cell in tool.rows[0]} == {"faint"}


def test_jury() -> None:
    """Habits, the heat map and what leaving a judge out does; a single judge has habits only."""
    habits, heat, less = jury(FULL)
    assert texts(habits)["gpt-5"] == ("J2", "390", "-3.1", "+8.0", "20.0 %", "6.0 % !")
    assert texts(heat) == {"rival": ("48.0", "68.0"), "replayed": ("50.0", "—")}
    assert [cell.heat for cell in heat.rows[0]] == [None, 0.48, 0.68]
    assert texts(less)["rival"] == ("+3.1", "-3.0")
    assert less.notes == ("Without J1, replayed and rival change their order.",)
    assert len(list(jury(FULL.model_copy(update={"judges": FULL.judges[:1]})))) == 1


def test_decisions() -> None:
    """All figures side by side, and whether anybody beats all of them."""
    [sheet] = decisions(FULL.model_copy(update={"tiers": ()}))
    assert texts(sheet)["rival"] == ("51.2 %", "87.5 %", "1.60", "0.90/12.5", "55.0 %", "yes", "not supported")
    assert texts(sheet)["replayed †"][-2:] == ("no", "undecided")
    [harder] = decisions(FULL)
    assert texts(harder)["rival"][2] == "25.0 %"
    assert "hard ×3" in harder.columns  # noqa: RUF001


def test_notes_name_the_conditions_and_only_the_marks_in_use() -> None:
    """Judge, scale, level, seed, hash and epoch; no mark that a reader cannot find."""
    full = "\n".join(notes(FULL, [main_table(FULL), *further_tables(FULL)]))
    for said in (FULL.judge, "sevenths: a label is worth 1, 6/7", "95 %", "seed 7", "0123456789ab", "2026-W47"):
        assert said in full
    assert "Noise floor 46.0 … 52.0" in full
    assert all(f"\n{mark} " in full for mark in "†~*!")
    bare = notes(UNKNOWN, [main_table(UNKNOWN)])
    assert [note[0] for note in bare if note[0] in "†~*!"] == ["~"]


def test_an_interval_without_width_is_no_certainty() -> None:
    """Where all conversations say the same, no interval is shown, and a note says why."""
    board = with_rival(low=1.0, high=1.0)
    assert texts(main_table(board))["rival"][1] == "no spread"
    assert any(
        note.startswith("no spread: all conversations say the same") for note in notes(board, [main_table(board)])
    )


def test_each_scale_says_what_it_means() -> None:
    """No scale goes without its explanation."""
    said = {
        name: "\n".join(notes(FULL.model_copy(update={"scale": name}), []))
        for name in ("sevenths", "weight_3", "points", "ranks")
    }
    assert all(f"Scale {name}: " in text for name, text in said.items())
    assert len(set(said.values())) == 4
