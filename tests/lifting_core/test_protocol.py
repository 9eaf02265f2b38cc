from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.errors import InvalidInput
from lifting_core.protocol import (
    MESSAGE_LIMIT,
    Cancel,
    Device,
    Lift,
    Probe,
    Shutdown,
    decode,
    encode,
    message_id,
    parse_request,
    read_messages,
)
from lifting_core.settings import LiftSettings

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def _received(sent: bytes) -> list[bytes]:
    reader, writer = os.pipe()

    def send() -> None:
        with os.fdopen(writer, "wb") as file:
            file.write(sent)

    thread = threading.Thread(target=send)
    thread.start()
    messages = list(read_messages(reader))
    thread.join()
    os.close(reader)
    return messages


@given(st.lists(st.dictionaries(st.text(), _JSON), max_size=3))
def test_messages_survive_the_pipe(messages: list[dict[str, Any]]) -> None:
    assert [decode(text) for text in _received(b"".join(map(encode, messages)))] == messages


def test_an_unfinished_message_is_none() -> None:
    assert _received(b'{"id": 1}\0{"id"') == [b'{"id": 1}']


def test_an_overlong_message_arrives_empty_and_the_next_one_whole() -> None:
    assert _received(b"x" * (3 * MESSAGE_LIMIT) + b'\0{"id": 2}\0') == [b"", b'{"id": 2}']


@given(st.binary())
def test_bytes_are_json_or_invalid_input(text: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        value = decode(text)
        assert value == json.loads(text) or value != value


def test_deep_nesting_is_invalid_input() -> None:
    with pytest.raises(InvalidInput):
        decode(b"[" * 200_000)


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        (
            {"id": 1, "type": "lift", "input": "a.mp4", "output": "b.npz", "settings": {"step": 2}},
            Lift(1, Path("a.mp4"), Path("b.npz"), LiftSettings(step=2)),
        ),
        ({"id": 1, "type": "lift", "input": "a", "output": "b.npz"}, Lift(1, Path("a"), Path("b.npz"))),
        ({"id": 2, "type": "probe", "input": "a.mp4"}, Probe(2, Path("a.mp4"))),
        ({"id": 3, "type": "device", "device": "cpu"}, Device(3, "cpu")),
        ({"id": 3, "type": "device"}, Device(3, "auto")),
        ({"id": 4, "type": "cancel", "job": 1}, Cancel(4, 1)),
        ({"id": 5, "type": "shutdown"}, Shutdown(5)),
    ],
)
def test_requests_are_read(message: dict[str, Any], request_: object) -> None:
    assert parse_request(message) == request_


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"type": "shutdown"},
        {"id": 0, "type": "shutdown"},
        {"id": True, "type": "shutdown"},
        {"id": 1},
        {"id": 1, "type": []},
        {"id": 1, "type": "dance"},
        {"id": 1, "type": "probe"},
        {"id": 1, "type": "probe", "input": 5},
        {"id": 1, "type": "probe", "input": ""},
        {"id": 1, "type": "probe", "input": "a\0b"},
        {"id": 1, "type": "probe", "input": "a", "extra": 1},
        {"id": 1, "type": "probe", "input": "a", "number": 1},
        {"id": 1, "type": "lift", "input": "a", "output": "b.mp4"},
        {"id": 1, "type": "lift", "input": "a", "output": "b.npz", "settings": []},
        {"id": 1, "type": "lift", "input": "a", "output": "b.npz", "settings": {"step": 0}},
        {"id": 1, "type": "device", "device": "abacus"},
        {"id": 1, "type": "cancel", "job": "1"},
        {"id": 1, "type": "shutdown", "now": True},
    ],
)
def test_what_the_protocol_does_not_know_is_refused_with_advice(message: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_request(message)
    assert caught.value.advice


@given(_JSON)
def test_any_json_is_a_request_or_invalid_input(message: Any) -> None:
    with pytest.raises(InvalidInput):
        parse_request(message)


@given(_JSON)
def test_an_id_is_positive_or_0(message: Any) -> None:
    assert message_id(message) >= 0
    assert message_id({"id": 7, "more": message}) == 7
