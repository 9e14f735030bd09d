from __future__ import annotations

import time
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.labels import Problem, read_label, spoken
from judges.types import Label, Method, Round, Seat, Verdict
from judges.verdicts import SEVENTHS, add_up, battles, score
from rollouts.types import Parameters, Usage

SEATS: tuple[Seat, Seat] = ("A", "B")
MIRROR = {
    Label.A_MUCH_BETTER: Label.B_MUCH_BETTER,
    Label.A_BETTER: Label.B_BETTER,
    Label.TIE: Label.TIE,
    Label.B_BETTER: Label.A_BETTER,
    Label.B_MUCH_BETTER: Label.A_MUCH_BETTER,
}
labels = st.sampled_from(Label)


def _looked(label: Label | None, seat: Seat, *, text: str = "", problem: str | None = None) -> Round:
    return Round(
        challenger_seat=seat,
        label=label,
        score=score(label, seat) if label else None,
        problem=problem,
        text=text,
        asks=1,
        model="judge-1",
        usage=Usage(),
        cost_usd=None,
        latency_s=None,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[[A>>B]]", "A>>B"),
        ("[[a>b]]", "A>B"),
        ("[[ A > B ]]", "A>B"),
        ("[[A > > B]]", "A>>B"),
        ("[[B=A]]", "A=B"),
        ("[[A<B]]", "B>A"),
        ("[[B<A]]", "A>B"),
        ("[[A<<B]]", "B>>A"),
        ("[[B<<A]]", "A>>B"),
        ("［［Ａ＞Ｂ］］", "A>B"),  # noqa: RUF001
        ("【【A＝B】】", "A=B"),  # noqa: RUF001
        ("【B≫A】", "B>>A"),
        ("⟦B>A⟧", "B>A"),
        ("[[\u0410>\u0412]]", "A>B"),
        ("[[A&gt;&gt;B]]", "A>>B"),
        (r"\[\[A\>B\]\]", "A>B"),
        ("[[**A>B**]]", "A>B"),
        ("**[[A>B]]**", "A>B"),
        (r"\boxed{A>B}", "A>B"),
        (r"$\boxed{\text{B>>A}}$", "B>>A"),
        (r"\boxed{A \gg B}", "A>>B"),
        (r"\boxed{[[A=B]]}", "A=B"),
        ("[B>A]", "B>A"),
        ("[[B>A]", "B>A"),
        ("[[[B>A]]]", "B>A"),
        ("My final verdict is tie: [[A\u200b=B]].", "A=B"),
    ],
)
def test_row_14_every_spelling_of_a_label_is_read(written: str, meant: str) -> None:
    """Spaces, case, boxes, full-width signs and turned-round labels do not cost a verdict."""
    assert read_label(f"The verdict is {written}, as said.") == Label(meant)


@pytest.mark.parametrize("odd", ["[[A]]", "[[AB]]", "[[A>>>B]]", "[[A>A]]", "[[A==B]]", "[[B<>A]]", r"\boxed{A}"])
def test_row_2_an_unknown_label_is_a_problem_and_no_guess(odd: str) -> None:
    """One odd verdict never kills the run: it is named, not raised and not interpreted."""
    assert read_label(f"The winner: {odd}") == Problem(what=f"unknown label {odd}")


@pytest.mark.parametrize("prose", ["", "A > B", "list[a]", "see [B] and [A]", "[[1, 2]]", r"\boxed{42}", "[A>B}"])
def test_what_is_no_label_is_not_read_as_one(prose: str) -> None:
    """Code and prose of a judge that forgot its label hold none."""
    assert read_label(prose) == Problem(what="no label")


def test_the_last_valid_label_counts() -> None:
    """A judge may weigh labels before it decides, and may add an odd one."""
    assert read_label("[[A>B]]? No: [[B>A]], in short [[B]].") is Label.B_BETTER


def test_single_brackets_never_override_double_ones() -> None:
    """An index such as `x[A<B]` after the verdict is not another verdict."""
    assert read_label("[[A>>B]] because the mask x[A<B] is right") is Label.A_MUCH_BETTER


@pytest.mark.parametrize(
    ("text", "aloud"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<think>a", ""),
        ("  <THINK>a", ""),
        ("x <think>a</think> y", "x  …  y"),
        ("it leaks a <think> tag", "it leaks a <think> tag"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("x<think>a</think>b</think>c", "c"),
        ("<think>a</think>b<thinking>c</thinking>d", "b … d"),
        ("plain", "plain"),
    ],
)
def test_only_what_was_said_aloud_is_read(text: str, aloud: str) -> None:
    """Thoughts, closed or not, hold no verdict; a mere mention of the tag hides none."""
    assert spoken(text) == aloud


def test_two_halves_around_a_thought_make_no_label() -> None:
    """Cutting out a thought never joins what stood around it."""
    assert read_label("[[A><think>x</think>B]]") == Problem(what="no label")


@given(label=labels, before=st.text(), after=st.text(alphabet=st.characters(exclude_characters="[]［］【】〔〕⟦⟧{}<")))  # noqa: RUF001
def test_a_final_label_is_read_whatever_stands_around_it(label: Label, before: str, after: str) -> None:
    """Any text may come before a label, and any text without brackets after it."""
    assert read_label(f"{before}\n</think>\n[[{label}]]{after}") is label


@given(st.text(alphabet="[]AB<>= \\{}boxedthink/", max_size=60))
def test_reading_never_raises(text: str) -> None:
    """Whatever a judge writes is a label or a problem."""
    assert isinstance(read_label(text), Label | Problem)


@pytest.mark.parametrize("pad", ["[", "[[A", "[[ ", "<think>", r"\boxed{", "A>", "[[A" + " >" * 7, "</think>"])
def test_padding_does_not_make_reading_slow(pad: str) -> None:
    """A hundred kilobytes of half-made labels are read in well under a second."""
    began = time.perf_counter()
    read_label(pad * (100_000 // len(pad)))
    assert time.perf_counter() - began < 1


@given(label=labels, seat=st.sampled_from(SEATS))
def test_swapping_the_seats_mirrors_the_score(label: Label, seat: Any) -> None:
    """The same opinion is worth the same in either seat, exactly."""
    other: Seat = "B" if seat == "A" else "A"
    assert score(label, seat) == score(MIRROR[label], other)
    assert score(label, seat) + score(label, other) == 1
    assert battles(label, seat) == battles(MIRROR[label], other)


def test_the_scale_is_sevenths() -> None:
    """The five labels are worth 1, 6/7, 1/2, 1/7 and 0 to seat A."""
    assert [float(SEVENTHS[label]) for label in Label] == [1, 6 / 7, 1 / 2, 1 / 7, 0]


def test_weight_3_counts_a_strong_label_three_times() -> None:
    """Arena-Hard's battles: three for a strong label, half a one for a tie."""
    won = [battles(label, "A") for label in Label]
    assert won == [(3, 3), (1, 1), (0.5, 1), (0, 1), (0, 3)]


@given(first=labels, second=labels)
def test_a_judgment_is_the_mean_of_its_rounds(first: Any, second: Any) -> None:
    """The order of the rounds changes nothing, and a mirrored pair of opinions is a tie."""
    judgment = add_up("j", [_looked(first, "B"), _looked(second, "A")])
    swapped = add_up("j", [_looked(second, "A"), _looked(first, "B")])
    assert judgment.score == pytest.approx((score(first, "B") + score(second, "A")) / 2)
    assert (judgment.score, judgment.verdict, judgment.consistent) == (
        swapped.score,
        swapped.verdict,
        swapped.consistent,
    )
    assert add_up("j", [_looked(first, "B"), _looked(first, "A")]).verdict is Verdict.TIE


@given(first=labels, second=labels)
def test_mirrored_judgments_add_up_to_one(first: Any, second: Any) -> None:
    """What the challenger wins the baseline loses."""
    ours = add_up("j", [_looked(first, "B"), _looked(second, "A")])
    theirs = add_up("j", [_looked(first, "A"), _looked(second, "B")])
    assert ours.score is not None and theirs.score is not None  # noqa: PT018
    assert ours.score + theirs.score == pytest.approx(1)
    assert {ours.verdict, theirs.verdict} in ({Verdict.WIN, Verdict.LOSS}, {Verdict.TIE})
    assert ours.consistent == theirs.consistent


@pytest.mark.parametrize(
    ("first", "second", "verdict", "consistent"),
    [
        ("B>A", "A>B", Verdict.WIN, True),
        ("B>>A", "A>B", Verdict.WIN, True),
        ("B>A", "B>A", Verdict.TIE, False),
        ("B>>A", "B>A", Verdict.WIN, False),
        ("A=B", "A=B", Verdict.TIE, True),
        ("A=B", "B>A", Verdict.LOSS, False),
    ],
)
def test_rounds_are_consistent_when_they_name_the_same_winner(
    first: Any, second: Any, verdict: Verdict, consistent: object
) -> None:
    """Strength may differ between rounds; the winner may not."""
    judgment = add_up("j", [_looked(Label(first), "B"), _looked(Label(second), "A")])
    assert (judgment.verdict, judgment.consistent) == (verdict, consistent)


def test_one_unreadable_round_makes_an_unreadable_judgment() -> None:
    """A missing label is neither a tie nor a zero."""
    judgment = add_up("j", [_looked(None, "B", problem="truncated"), _looked(Label.TIE, "A")])
    assert (judgment.verdict, judgment.score, judgment.consistent) == (Verdict.UNREADABLE, None, None)
    assert "truncated" in judgment.reason


def test_a_repeat_stands_in_for_one_that_could_not_be_read() -> None:
    """A seat that was tried again needs one readable round; both seats still weigh the same."""
    looks = [_looked(None, "B"), _looked(Label.B_MUCH_BETTER, "B"), _looked(Label.TIE, "A"), _looked(Label.TIE, "A")]
    judgment = add_up("j", looks)
    assert (judgment.score, judgment.consistent) == (0.75, False)


def test_repeats_may_vote_instead_of_being_averaged() -> None:
    """What most repeats of a seat say counts alone; a divided vote counts whole."""
    voting = Method(kind="k", model="m", prompt="p", parameters=Parameters(), repeats=3, majority=True)
    swayed = [_looked(label, "B") for label in (Label.B_MUCH_BETTER, Label.B_MUCH_BETTER, Label.A_MUCH_BETTER)]
    divided = [_looked(label, "A") for label in (Label.TIE, Label.A_MUCH_BETTER, Label.B_MUCH_BETTER)]
    assert add_up("j", [*swayed, *divided], method=voting).score == 0.75
    assert add_up("j", [*swayed, *divided]).score == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_no_rounds_are_unreadable() -> None:
    """Nothing adds up to nothing."""
    assert add_up("j", []).verdict is Verdict.UNREADABLE


@given(st.text(max_size=4000), st.text(max_size=4000))
def test_the_reason_is_one_short_paragraph(first: Any, second: Any) -> None:
    """Both labels and the end of what was said, in at most a thousand characters."""
    judgment = add_up("j", [_looked(Label.A_BETTER, "B", text=first), _looked(Label.TIE, "A", text=second)])
    assert len(judgment.reason) <= 1000
    assert "\n" not in judgment.reason
    assert "[[A>B]]" in judgment.reason
    assert "[[A=B]]" in judgment.reason


def test_the_reason_ends_as_the_judge_ended() -> None:
    """The conclusion of an explanation says more than its beginning."""
    judgment = add_up("j", [_looked(Label.A_BETTER, "B", text="x " * 2000 + "A is kinder.")])
    assert judgment.reason.endswith("A is kinder.”)")


def test_every_pair_of_labels_has_one_of_the_known_scores() -> None:
    """Means of two sevenths fall on fourteenths, so equal scores are equal numbers."""
    scores = {add_up("j", [_looked(a, "B"), _looked(b, "A")]).score for a, b in product(Label, Label)}
    assert all(found is not None and abs(found * 28 - round(found * 28)) < 1e-9 for found in scores)
