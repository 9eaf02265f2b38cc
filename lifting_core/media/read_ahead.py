"""Decoding that runs ahead of whoever uses the frames."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True)
class _End:
    error: BaseException | None


def ahead(items: Iterable[T], depth: int = 8) -> Generator[T, None, None]:
    """The same items in the same order, made by a background thread up to `depth` items early.

    At most `depth` + 2 items are alive: the queue's, one in the making and the consumer's. What `items`
    raises is raised here in its place, after the items before it. When the consumer stops early (`close`, an
    exception, `del`), the thread is stopped and joined; it ends with the item that it is making.
    """
    queue: Queue[_Item[T] | _End] = Queue(maxsize=depth)
    stop = Event()
    thread = Thread(target=_produce, args=(items, queue, stop), name="read-ahead", daemon=True)
    thread.start()
    try:
        while isinstance(got := queue.get(), _Item):
            yield got.value
            del got
        if got.error is not None:
            raise got.error
    finally:
        stop.set()
        _empty(queue)  # room for the one item that the thread may be waiting to deliver
        thread.join()


def _produce(items: Iterable[T], queue: Queue[_Item[T] | _End], stop: Event) -> None:
    try:
        iterator = iter(items)
        with closing(iterator) if isinstance(iterator, Generator) else nullcontext():
            for item in iterator:
                queue.put(_Item(item))
                del item
                if stop.is_set():
                    return
        queue.put(_End(None))
    except BaseException as error:
        queue.put(_End(error))


def _empty(queue: Queue[_Item[T] | _End]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
