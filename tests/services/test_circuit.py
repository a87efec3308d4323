from __future__ import annotations

import asyncio

import pytest

from backend.services.circuit import Circuit, CircuitOpen


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(circuit: Circuit) -> None:
    with pytest.raises(OSError, match="no route"), circuit.attempt(expired=lambda: False):
        raise OSError("no route")


def succeed(circuit: Circuit) -> None:
    with circuit.attempt(expired=lambda: False):
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(failures=3, rest_s=30, clock=clock)


def test_only_failures_in_a_row_open_it(circuit: Circuit) -> None:
    for _ in range(5):
        fail(circuit)
        fail(circuit)
        succeed(circuit)
    assert circuit.state == "closed"


def test_while_it_is_open_nothing_passes(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        fail(circuit)
    clock.now = 29.9
    with pytest.raises(CircuitOpen):
        succeed(circuit)
    assert circuit.state == "open"


def test_after_its_rest_one_attempt_passes_and_closes_it(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        fail(circuit)
    clock.now = 30
    with circuit.attempt(expired=lambda: False), pytest.raises(CircuitOpen):
        succeed(circuit)
    assert circuit.state == "closed"


def test_a_probe_that_fails_opens_it_again(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        fail(circuit)
    clock.now = 30
    fail(circuit)
    assert circuit.state == "open"


def test_a_caller_who_leaves_the_probe_lets_the_next_one_try(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        fail(circuit)
    clock.now = 30
    with pytest.raises(asyncio.CancelledError), circuit.attempt(expired=lambda: False):
        raise asyncio.CancelledError
    succeed(circuit)
    assert circuit.state == "closed"


def test_a_deadline_that_passes_is_a_failure(circuit: Circuit) -> None:
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError), circuit.attempt(expired=lambda: True):
            raise asyncio.CancelledError
    assert circuit.state == "open"


def test_a_sign_of_life_ends_the_rest_early_and_one_attempt_decides(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        fail(circuit)
    clock.now = 1
    circuit.relent()
    with circuit.attempt(expired=lambda: False), pytest.raises(CircuitOpen):
        succeed(circuit)
    assert circuit.state == "closed"


def test_a_late_failure_from_before_does_not_end_the_probe(circuit: Circuit, clock: Clock) -> None:
    late = circuit.attempt(expired=lambda: False)
    late.__enter__()
    for _ in range(3):
        fail(circuit)
    clock.now = 30
    with circuit.attempt(expired=lambda: False):
        assert late.__exit__(OSError, OSError("late"), None) is False
        clock.now = 60
        with pytest.raises(CircuitOpen):
            succeed(circuit)


@pytest.mark.anyio
async def test_those_who_wait_for_a_probe_pass_once_it_has_succeeded(circuit: Circuit, clock: Clock) -> None:
    passed = 0

    async def caller() -> None:
        nonlocal passed
        await circuit.decided()
        with circuit.attempt(expired=lambda: False):
            passed += 1

    for _ in range(3):
        fail(circuit)
    clock.now = 30
    with circuit.attempt(expired=lambda: False):
        callers = [asyncio.create_task(caller()) for _ in range(5)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert passed == 0
    await asyncio.gather(*callers)
    assert passed == 5


@pytest.mark.anyio
async def test_where_the_probe_is_left_one_of_those_who_wait_takes_its_place(
    circuit: Circuit, clock: Clock
) -> None:
    probes = 0

    async def caller() -> None:
        nonlocal probes
        await circuit.decided()
        with circuit.attempt(expired=lambda: False):
            probes += circuit.state == "half_open"
            await asyncio.sleep(0)
            raise OSError("still down")

    for _ in range(3):
        fail(circuit)
    clock.now = 30
    probe = circuit.attempt(expired=lambda: False)
    probe.__enter__()
    callers = [asyncio.create_task(caller()) for _ in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert probe.__exit__(asyncio.CancelledError, asyncio.CancelledError(), None) is False
    ended = await asyncio.gather(*callers, return_exceptions=True)
    assert probes == 1
    assert sorted(type(error).__name__ for error in ended) == ["CircuitOpen"] * 4 + ["OSError"]
