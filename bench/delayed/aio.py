# SPDX-License-Identifier: MIT

"""The memory of so many functions that call_later is to call."""

import asyncio
import sys
import time

from bench import Bench, memory, report


async def main():
	bench = Bench('delayed')
	loop = asyncio.get_running_loop()
	before, started = memory(), time.monotonic_ns()
	for _ in range(bench.param):
		loop.call_later(3600, sys.exit, 'too early')
	await asyncio.sleep(0)
	elapsed = time.monotonic_ns() - started
	report('delayed', bench.param, (memory() - before) / bench.param)
	report('delayed-start', bench.param, elapsed / bench.param)


asyncio.run(main())
