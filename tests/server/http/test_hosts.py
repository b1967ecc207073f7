"""Hosts that a request may name, compared with the grammar of RFC 3986."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.http import hosts

# The rules of RFC 3986, appendix A, under their names.
H16 = r"[0-9A-Fa-f]{1,4}"
DEC_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"{DEC_OCTET}(?:\.{DEC_OCTET}){{3}}"
LS32 = rf"(?:{H16}:{H16}|{IPV4})"
IPV6 = "|".join(
    [
        rf"(?:{H16}:){{6}}{LS32}",
        rf"::(?:{H16}:){{5}}{LS32}",
        rf"(?:{H16})?::(?:{H16}:){{4}}{LS32}",
        rf"(?:(?:{H16}:){{0,1}}{H16})?::(?:{H16}:){{3}}{LS32}",
        rf"(?:(?:{H16}:){{0,2}}{H16})?::(?:{H16}:){{2}}{LS32}",
        rf"(?:(?:{H16}:){{0,3}}{H16})?::{H16}:{LS32}",
        rf"(?:(?:{H16}:){{0,4}}{H16})?::{LS32}",
        rf"(?:(?:{H16}:){{0,5}}{H16})?::{H16}",
        rf"(?:(?:{H16}:){{0,6}}{H16})?::",
    ]
)
UNRESERVED = r"A-Za-z0-9\-._~"
# All but the comma, with which a proxy joins two headers.
SUB_DELIMS = r"!$&'()*+;="
REG_NAME = rf"(?:[{UNRESERVED}{SUB_DELIMS}]|%[0-9A-Fa-f]{{2}})+"
IPV_FUTURE = rf"[vV][0-9A-Fa-f]+\.[{UNRESERVED}{SUB_DELIMS}:]+"
HOST = rf"(?:{REG_NAME}|\[(?:{IPV6}|{IPV_FUTURE})\])"
AUTHORITY = re.compile(rf"(?:{HOST}(?::(?P<port>[0-9]*))?)?")

PIECES = st.sampled_from(
    [*"[]:.%,/@ v0f~\x80", "::", "::1", "1:2:3:4:5:6:7", "192.0.2.7", "portal", "%41", ":80", ":65536", "[v1.", "\n"]
)


def conforms(text: str) -> bool:
    found = AUTHORITY.fullmatch(text)
    return found is not None and len(port := (found["port"] or "").lstrip("0")) <= 5 and int(port or 0) <= 65535


@given(text=st.from_regex(AUTHORITY, fullmatch=True, alphabet=st.characters(max_codepoint=0x7F)))
@example("portal")
@example("")
def test_what_the_grammar_makes_is_taken_with_a_port_of_tcp(text: str) -> None:
    assert hosts.valid(text.encode()) is conforms(text)


@given(text=st.lists(PIECES).map("".join) | st.text(st.characters(max_codepoint=0xFF), max_size=12))
def test_whatever_else_is_written_is_taken_only_if_the_grammar_takes_it(text: str) -> None:
    assert hosts.valid(text.encode("latin-1")) is conforms(text)


@given(address=st.ip_addresses(v=6), port=st.integers(0, 70_000))
def test_every_address_is_a_host_in_brackets(address: object, port: int) -> None:
    assert hosts.valid(f"[{address}]:{port}".encode()) is (port <= 65535)


@pytest.mark.parametrize(
    "value",
    ["a b/c@d", "[::1", "::1", "x:abc", "x:99999", "a,b", "x\x80", ":80", "u@h", "x/", "%zz", "[fe80::1%eth0]", "x\n"],
)
def test_a_value_that_is_no_host_is_refused(value: str) -> None:
    assert not hosts.valid(value.encode("latin-1"))


def test_a_host_has_at_most_a_thousand_bytes() -> None:
    assert hosts.valid(b"a" * 1_000)
    assert hosts.valid(b"a:" + b"0" * 994 + b"8080")
    assert not hosts.valid(b"a" * 1_001)
