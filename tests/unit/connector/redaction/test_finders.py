"""What finders find, and what they leave alone."""

from __future__ import annotations

import pytest

from connector.redaction.finding import Finding
from connector.redaction.found import Unmaskable
from connector.redaction.options import Masking

OWN = Masking(names=("Jürgen Müller", "王小明", "Ada"), patterns={"ticket": r"TCK-\d+"}, allow=("help@acme.example",))
FIND = Finding(OWN)

HEX = "0123456789abcdef"
FORMS = [
    f"nvapi-{HEX * 4}",
    f"lsv2_pt_{HEX * 2}_{HEX[:10]}",
    f"ntn_{HEX * 3}",
    f"glsa_{HEX * 2}_{HEX[:8]}",
    f"dapi{HEX * 2}-2",
    f"discord.com/api/webhooks/{'1234567890' * 2}/{HEX * 4}",
]
FOUND = [
    *((f"use {key}, please", "KEY", key) for key in FORMS),
    ("alice@example.com", "EMAIL", "alice@example.com"),
    ("write to <Alice@Example.com>.", "EMAIL", "alice@example.com"),
    ("mailto:alice@example.com?subject=x", "EMAIL", "alice@example.com"),
    ("https://x.example/?mail=alice%40example.com&b=1", "EMAIL", "alice@example.com"),
    ("al\u200bice@exam\u00adple.com", "EMAIL", "alice@example.com"),
    ("alice\\u0040example.com", "EMAIL", "alice@example.com"),
    ("alice&#64;example.com", "EMAIL", "alice@example.com"),
    ("alice (at) example (dot) com", "EMAIL", "alice@example.com"),
    ("jürgen@müller.de", "EMAIL", "jürgen@müller.de"),
    ("我的邮箱是alice@example.com谢谢", "EMAIL", "alice@example.com"),
    ("+49 171 2345678", "PHONE", "+491712345678"),
    ("＋４９ １７１ ２３４５６７８", "PHONE", "+491712345678"),  # noqa: RUF001  the wide digits are the point
    ("0049 171 2345678", "PHONE", "+491712345678"),
    ("Tel.: 01712345678", "PHONE", "+491712345678"),
    ("2026-11-22 13:51 01712345678", "PHONE", "+491712345678"),
    ("12,+49 171 2345678,Berlin", "PHONE", "+491712345678"),
    ("order by 0049 171 2345678", "PHONE", "+491712345678"),
    ("hotline 1-800-799-7233", "PHONE", "+18007997233"),
    ("(415) 555-2671", "PHONE", "+14155552671"),
    ('{"phone": 4155552671}', "PHONE", "+14155552671"),
    ("4111 1111 1111 1111", "CARD", "4111111111111111"),
    ("numbers 2670 4111-1111-1111-1111", "CARD", "4111111111111111"),
    ("3782 822463 10005", "CARD", "378282246310005"),
    ("DE89 3704 0044 0532 0130 00 is it", "IBAN", "DE89370400440532013000"),
    ("IBAN: de89.3704.0044.0532.0130.00.", "IBAN", "DE89370400440532013000"),
    ("gb82west12345698765432", "IBAN", "GB82WEST12345698765432"),
    ("from 203.0.113.77.", "IP", "203.0.113.77"),
    ("[2001:db8::8a2e:370:7334]:80", "IP", "2001:db8::8a2e:370:7334"),
    ("postgres://anna:s3cret@db.example.org/x", "CREDENTIAL", "anna:s3cret"),
    ("https://f.example/a?X-Amz-Signature=deadbeef00&v=1", "CREDENTIAL", "deadbeef00"),
    ("https://f.example/a?token=abcdef123&v=1", "CREDENTIAL", "abcdef123"),
    ("sk-ant-api03-abcdefghijkl-mnopqrst", "KEY", "sk-ant-api03-abcdefghijkl-mnopqrst"),
    ("AKIAIOSFODNN7EXAMPLE", "KEY", "AKIAIOSFODNN7EXAMPLE"),
    ("Authorization: Bearer abcdef1234567890abcdef", "KEY", "abcdef1234567890abcdef"),
    ("my password is hunter2secret.", "KEY", "hunter2secret"),
    ('{"clientSecret": "ab12cd34ef"}', "KEY", "ab12cd34ef"),
    ("const dbPassword = 'hunter2x'", "KEY", "hunter2x"),
    ("AccountName=a;AccountKey=abcdEFGH1234567890abcd==", "CREDENTIAL", "abcdEFGH1234567890abcd=="),
    ("SharedAccessKey=abcdEFGH1234567890", "KEY", "abcdEFGH1234567890"),
    ("xai-abcdefghij0123456789abcdefghij0123456789", "KEY", "xai-abcdefghij0123456789abcdefghij0123456789"),
    ("tvly-dev-abcdefghij0123456789ab", "KEY", "tvly-dev-abcdefghij0123456789ab"),
    ("it is dckr_pat_abcdefghij0123456789-a.", "KEY", "dckr_pat_abcdefghij0123456789-a"),
    ("lin_api_abcdefghij0123456789abcdefghij", "KEY", "lin_api_abcdefghij0123456789abcdefghij"),
    (
        "//x.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x",
        "KEY",
        "bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    ),
    (
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "KEY",
        "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    ),
    ('"client_secret": "zz9-Plural-Z"', "KEY", "zz9-Plural-Z"),
    ("SSN 536-90-4399", "ID", "536904399"),
    ("social security number is 536 90 4399", "ID", "536904399"),
    ("CPF 390.533.447-05", "ID", "39053344705"),
    ("DNI 12345678Z", "ID", "12345678Z"),
    ("JUERGEN MUELLER called", "NAME", "jurgen muller"),
    ("我叫王小明。", "NAME", "王小明"),
    ("TCK-1234", "TICKET", "TCK-1234"),
    ("YWxpY2VAZXhhbXBsZS5jb20gaXMgbXkgbWFpbA==", "EMAIL", "alice@example.com is my mail"),
]

LEFT_ALONE = [
    "version 1.2.3.4 of it",
    "Chrome/120.0.0.0 Safari",
    "2026-11-22 13:09:59+01:00",
    "order 4155552671, customer 12345678",
    "550e8400-e29b-41d4-a716-446655440000",
    '{"ts": 1732281234.567, "n": 1234567890123}',
    "lodash@4.17.21 and @scope/pkg",
    "git@github.com:org/repo.git",
    "std::vector<int> a::b 12:30:45",
    "token: undefined; max_tokens: 4096",
    '"password": {"type": "string", "description": "The password is required"}',
    "0.0.0.0 and 127.0.0.1",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "lat 52.520008, lon 13.404954",
    "1 250 000 EUR, $1,234,567.89",
    "call_abc1234567890",
    "Adam read the ADA-like standard by Adas",
    '"mark":"2026-11-22T13:51:07.123456+00:00"',
    "2026-11-22 13:51:07,0123456",
    "03-04-2024 05-06-2024, 03/04/2024-05/06/2024",
    "2024-05-15-1234",
    "1024.3168302857828 and 31.41592653589793",
    "07.123456",
    '"tool_calls":null}}],"created":1749650495',
    '{"phone": null, "id": 4155552671}',
    "hotel 4155552671, we tell 4155552671, cancelled 4155552671",
    "order no. 0123-456-789, SKU 012-345-6789, item_id: 0123456789",
    "tracking number 9400100000000000000000",
    "flight HAT001 at 2024-05-16T06:00:00, reservation 4WQ150, gift_card_8190333",
    "population 123 456 782",
    "072-sk-event-toolcall-history and task-sk-something-else-long",
    'access_token_secret = "your_access_token_secret"',
    "clientSecret: process.env.MY_CLIENT_SECRET_2",
    "api_key = os.environ.get",
    "token classification-of-words/1, basic authentication-required",
    "https://x.example/a?key=value1&session=2024-05-15",
    "logo@2x.png",
    "netmask 255.255.255.0, release 1.2.3.4-beta",
    "f'data:file/csv;base64,{encoded}'",
    "4006381333931 and 1732281234567",
    "write to help@acme.example",
    "",
]


@pytest.mark.parametrize(("text", "label", "value"), FOUND)
def test_it_is_found_in_every_dress(text: str, label: str, value: str) -> None:
    """Each kind is found, also escaped, wide or with what nobody sees in it, and known by one spelling."""
    assert [(each.label, each.value) for each in FIND(text)] == [(label, value)]


@pytest.mark.parametrize("text", [text for text in LEFT_ALONE if "ADA-like" not in text])
def test_what_only_looks_like_it_stays(text: str) -> None:
    """Versions, times, ids and words of code are no personal data."""
    assert FIND(text) == ()


def test_a_name_is_a_word_of_its_own() -> None:
    """`Ada` is not in `Adam`, and in any case it is itself."""
    assert [text for text in ("Adam", "Canada", "ada", "ADA") if FIND(text)] == ["ada", "ADA"]


@pytest.mark.parametrize(
    "text",
    ["see data:image/png;base64,iVBORw0KGgo= there", "x" * 1_000_001, "aB3" + "q9Zx\u00e9"[:4] * 300],
    ids=["data URI", "too long", "binary"],
)
def test_what_cannot_be_searched_is_said(text: str) -> None:
    """A file inside of a text, and a text beyond all bounds, raise instead of passing."""
    with pytest.raises(Unmaskable):
        FIND(text)


def test_a_kind_can_be_switched_off() -> None:
    """Only what is asked for is looked for."""
    find = Finding(Masking(kinds=("email",)))
    assert [each.label for each in find("alice@example.com 4111 1111 1111 1111")] == ["EMAIL"]


@pytest.mark.parametrize("pattern", ["(", "a*", "(a+)+", "(a|b+)*c?", "(x+x+)+y"])
def test_patterns_that_could_run_for_ever_are_refused(pattern: str) -> None:
    """A pattern that cannot be used is an error of configuration, and not a daemon that stands still."""
    with pytest.raises(ValueError, match="patterns"):
        Masking(patterns={"own": pattern})


@pytest.mark.parametrize("pattern", [r"TCK-\d+", r"(?:[A-Z]+-)+\d", r"\b[A-Z]{2,3}\d{4,8}\b", "(foo|bar)+"])
def test_ordinary_patterns_are_fine(pattern: str) -> None:
    """Repetition with an end mark inside is no danger."""
    assert Masking(patterns={"own": pattern}).patterns == {"own": pattern}


@pytest.mark.parametrize(
    "wrong", [{"ids": ("us.nothing",)}, {"regions": ("XX",)}, {"patterns": {"a b": "x"}}, {"kinds": ("emial",)}]
)
def test_wrong_options_are_named(wrong: dict[str, object]) -> None:
    """What is not known is refused when the configuration is read."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Masking.model_validate(wrong)


def test_long_runs_take_no_long_time() -> None:
    """A run of letters, digits, colons or escapes is searched within seconds."""
    find = Finding(Masking(names=("Ada Lovelace",), patterns={"ticket": r"TCK-\d+"}, fail_closed=False))
    for unit in ("a", "1", "1.", ":a", "a.", "%40", "1 ", "A1", "=", "\\n", "key=", "a@", "://a:"):
        find(unit * (50_000 // len(unit)))
