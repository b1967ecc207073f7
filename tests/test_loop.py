"""Tests run in the loop that a server has."""

import asyncio

import uvloop


async def test_tests_run_in_the_loop_of_a_server() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
