# SPDX-License-Identifier: MIT

"""The memory of so many sleeping asyncio tasks, their CPU time, and the time beyond."""

import asyncio
import sys
import time

from bench import Bench, memory, report

awake_again = 0


async def sleeper(seconds):
	global awake_again
	await asyncio.sleep(seconds)
	awake_again += 1


async def main():
	bench = Bench('sleepers')
	seconds = bench.duration / 1e9
	before, started, cpu = memory(), time.monotonic_ns(), time.process_time_ns()
	tasks = [asyncio.create_task(sleeper(seconds)) for _ in range(bench.param)]
	await asyncio.sleep(0)
	asleep = time.monotonic_ns() - started
	held = memory() - before
	if awake_again:
		sys.exit('the sleep is too short to count the sleepers')
	for task in tasks:
		await task
	over = time.monotonic_ns() - started - bench.duration
	cpu = time.process_time_ns() - cpu
	report('sleepers', bench.param, held / bench.param)
	report('sleepers-start', bench.param, asleep / bench.param)
	report('sleepers-over', bench.param, over / bench.param)
	report('sleepers-cpu', bench.param, cpu / bench.param)


asyncio.run(main())
