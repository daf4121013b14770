"""Records that a process keeps for a few seconds."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.cache import LIFE, RecordCache
from ctsec.changes import News


class Seconds:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.value


def test_a_record_dies_five_seconds_after_its_read_began() -> None:
    """The life of a record counts from the beginning of its read, so another process's change is seen within it."""
    seconds = Seconds()
    cache = RecordCache[str](monotonic=seconds)
    generation = cache.begin()
    seconds.value = 2.0
    assert cache.put(("key",), "value", scopes=("usr",), generation=generation)
    seconds.value = LIFE - 0.001
    assert cache.get(("key",)) == "value"
    seconds.value = LIFE
    assert cache.get(("key",)) is None


def test_a_read_that_began_before_a_change_stores_nothing_after_it() -> None:
    """What was read before an eviction can be stale, so it is not kept after it."""
    cache = RecordCache[str](monotonic=Seconds())
    before = cache.begin()
    cache.evict(("usr",))
    assert not cache.put(("key",), "stale", scopes=("usr",), generation=before)
    assert cache.get(("key",)) is None
    assert cache.put(("key",), "fresh", scopes=("usr",), generation=cache.begin())
    assert cache.get(("key",)) == "fresh"


def test_an_older_version_takes_no_newer_ones_place() -> None:
    """Of two reads around a commit that is not told here yet the newer stays, whoever is first; where one has no version, neither does."""
    clock = Seconds()
    cache: RecordCache[str] = RecordCache(monotonic=clock)

    def put(value: str, version: int | None) -> bool:
        return cache.put(("key",), value, scopes=("usr",), generation=cache.begin(), version=version)

    assert put("old", 4)
    assert put("new", 5)
    assert not put("old", 4)
    assert cache.get(("key",)) == "new"
    assert put("the same", 5)
    assert not put("gone", None)
    assert cache.get(("key",)) is None
    assert put("gone", None)
    assert not put("old", 4)
    assert cache.get(("key",)) is None
    assert put("new", 5)
    clock.value += LIFE
    assert put("restored from a backup", 1)
    assert cache.get(("key",)) == "restored from a backup"


def test_eviction_takes_exactly_the_records_of_a_scope() -> None:
    """A change of one scope ends every record tagged with it, and no other."""
    cache = RecordCache[int](monotonic=Seconds())
    for number, scopes in enumerate((("a",), ("b",), ("a", "b"), ("c",))):
        cache.put((str(number),), number, scopes=scopes, generation=cache.begin())
    cache.evict(("a",))
    assert [cache.get((str(number),)) for number in range(4)] == [None, 1, None, 3]
    cache.clear()
    assert len(cache) == 0


def test_the_oldest_record_makes_room() -> None:
    """The cache never holds more than its capacity."""
    cache = RecordCache[int](monotonic=Seconds(), capacity=3)
    for number in range(10):
        cache.put((str(number),), number, scopes=("a",), generation=cache.begin())
    assert [cache.get((str(number),)) for number in range(10)] == [None] * 7 + [7, 8, 9]


@given(st.lists(st.tuples(st.sampled_from(["put", "evict", "begin"]), st.integers(0, 3), st.integers(0, 2)), max_size=60))
def test_a_cached_value_is_never_older_than_the_last_eviction(steps: list[tuple[str, int, int]]) -> None:
    """Whatever the order of reads and changes, what the cache answers was read after the last change of its scope."""
    cache = RecordCache[int](monotonic=Seconds())
    truth = [0, 0, 0]
    reads = [(cache.begin(), list(truth)) for _ in range(4)]
    for step, reader, scope in steps:
        if step == "begin":
            reads[reader] = (cache.begin(), list(truth))
        elif step == "evict":
            truth[scope] += 1
            cache.evict((str(scope),))
        else:
            generation, seen = reads[reader]
            cache.put((f"k{scope}",), seen[scope], scopes=(str(scope),), generation=generation)
        for each in range(3):
            assert cache.get((f"k{each}",)) in {None, truth[each]}


@pytest.mark.proves("ASVS-15.4.1")
def test_threads_do_not_break_it() -> None:
    """Putting, reading and evicting from several threads raises nothing and leaves no orphan."""
    cache = RecordCache[int](monotonic=Seconds(), capacity=50)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for number in range(2000):
                key = str((number * seed) % 80)
                cache.put((key,), number, scopes=(key, "all"), generation=cache.begin())
                cache.get((key,))
                cache.evict((key,)) if number % 3 == 0 else None
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 7, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    cache.evict(("all",))
    assert len(cache) == 0


def asking(seconds: Seconds, *, every: float = 1.0) -> RecordCache[str]:
    """Return a cache of a process that asks others, with one record."""
    cache = RecordCache[str](monotonic=seconds, ask_every=every)
    cache.put(("key",), "value", scopes=("usr",), generation=cache.begin())
    return cache


def test_what_was_never_asked_about_is_not_believed() -> None:
    """A record is believed from the first answer on and for `ask_every` seconds after the question, not after the answer."""
    seconds = Seconds()
    cache = asking(seconds)
    assert cache.get(("key",)) is None
    assert cache.must_ask
    asked = cache.begin()
    seconds.value = 0.4
    cache.catch_up(News("here", frozenset()), asked=asked)
    assert cache.position == "here"
    assert (cache.get(("key",)), cache.must_ask) == ("value", False)
    seconds.value = 0.999
    assert cache.get(("key",)) == "value"
    seconds.value = 1.0
    assert (cache.get(("key",)), cache.recall(("key",)), cache.must_ask) == (None, "value", True)


def test_news_take_what_they_name_and_what_is_being_read() -> None:
    """News of a scope end its records and every read under way; news of nothing end neither; unknown news end everything."""
    seconds = Seconds()
    for scopes, kept, stores in (
        (frozenset({"usr"}), None, False),
        (frozenset({"org"}), "value", False),
        (None, None, False),
        (frozenset[str](), "value", True),
    ):
        cache = asking(seconds)
        reading = cache.begin()
        cache.catch_up(News("here", scopes), asked=cache.begin())
        assert cache.get(("key",)) == kept
        assert cache.put(("other",), "value", scopes=("usr",), generation=reading) is stores


def test_a_process_that_asks_for_each_request_recalls_what_it_asked_about() -> None:
    """With `ask_every` 0 nothing is believed unasked, and a record still saves the read of who has just asked."""
    cache = asking(Seconds(), every=0)
    cache.catch_up(News("here", frozenset()), asked=cache.begin())
    assert (cache.get(("key",)), cache.recall(("key",))) == (None, "value")


def test_who_heard_nothing_asks_again_after_a_second() -> None:
    """While nobody answers no record is believed, and the question is not asked for every request."""
    seconds = Seconds()
    cache = asking(seconds)
    cache.heard_nothing()
    assert (cache.get(("key",)), cache.must_ask) == (None, False)
    seconds.value = 1.0
    assert cache.must_ask
    seconds.value = LIFE
    cache.catch_up(News("here", frozenset()), asked=cache.begin())
    assert cache.recall(("key",)) is None
