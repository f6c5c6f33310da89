# SPDX-License-Identifier: MIT

"""Reads of a file that is in memory, each on a thread of asyncio's executor."""

import asyncio
import os

from bench import Bench


async def main():
	bench, state = Bench('file_read'), 0
	fd = os.open('pages', os.O_RDONLY)
	while units := bench.next():
		for _ in range(units):
			state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
			offset = (state >> 50) * 4096
			assert len(await asyncio.to_thread(os.pread, fd, 4096, offset)) == 4096


asyncio.run(main())
