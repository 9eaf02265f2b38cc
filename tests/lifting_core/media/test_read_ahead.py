from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from itertools import islice

import pytest

from lifting_core.media.read_ahead import ahead


class Item:
    def __init__(self, number: int) -> None:
        self.number = number


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


@pytest.fixture(autouse=True)
def _no_thread_survives() -> Iterator[None]:
    yield
    assert _threads() == []


def test_the_items_come_in_order() -> None:
    assert list(ahead(range(100), depth=3)) == list(range(100))
    assert list(ahead([])) == []


def test_items_are_made_while_the_consumer_works() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        made.set()
        yield 1

    stream = ahead(items())
    assert next(stream) == 0
    assert made.wait(5)
    assert list(stream) == [1]


@pytest.mark.parametrize("depth", [1, 4])
def test_only_a_few_items_are_alive_at_a_time(depth: int) -> None:
    alive: weakref.WeakSet[Item] = weakref.WeakSet()
    most = 0

    def items() -> Iterator[Item]:
        for number in range(60):
            item = Item(number)
            alive.add(item)
            yield item
            del item

    for number, item in enumerate(ahead(items(), depth)):
        time.sleep(0.002)
        assert item.number == number
        most = max(most, len(alive))
    del item
    gc.collect()
    assert depth < most <= depth + 2
    assert len(alive) == 0


def test_a_failure_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("the sixth")

    stream = ahead(items(), depth=2)
    assert list(islice(stream, 5)) == list(range(5))
    with pytest.raises(ValueError, match="the sixth") as raised:
        next(stream)
    assert raised.traceback[-1].name == "items"  # where it happened, not where it was passed on


def test_what_cannot_be_iterated_fails_at_the_consumer() -> None:
    with pytest.raises(TypeError):
        next(ahead(None))  # type: ignore[arg-type]


@pytest.mark.parametrize("consumed", [1, 3, 10])
def test_an_early_stop_ends_the_thread_and_closes_the_source(consumed: int) -> None:
    closed_in = []

    def items() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed_in.append(threading.current_thread().name)

    stream = ahead(items(), depth=2)
    for _ in range(consumed):
        next(stream)
    time.sleep(0.02)  # the thread now waits for room
    started = time.perf_counter()
    stream.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - started < 1
    assert closed_in == ["read-ahead"]
    assert _threads() == []


def test_a_failing_consumer_leaves_no_thread() -> None:
    def consume() -> None:
        for _ in ahead(iter(range(1000)), depth=2):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        consume()
    gc.collect()
    assert _threads() == []


def test_nothing_runs_before_the_first_item_is_asked_for() -> None:
    stream = ahead(range(3))
    assert _threads() == []
    assert next(stream) == 0
    del stream
