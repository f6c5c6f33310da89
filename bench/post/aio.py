# SPDX-License-Identifier: MIT

"""A plain thread calls functions in an asyncio loop that is busy."""

import asyncio
import threading

from bench import Bench

count = 0
done = threading.Semaphore(0)


async def busy():
	while True:
		await asyncio.sleep(0)


def add():
	global count
	count += 1


def add_last():
	add()
	done.release()


def main():
	bench = Bench('post')
	loop = asyncio.new_event_loop()
	task = loop.create_task(busy())
	thread = threading.Thread(target=loop.run_forever)
	thread.start()
	total = 0
	while units := bench.next():
		for _ in range(units - 1):
			loop.call_soon_threadsafe(add)
		loop.call_soon_threadsafe(add_last)
		done.acquire()
		total += units
	assert count == total
	loop.call_soon_threadsafe(task.cancel)
	loop.call_soon_threadsafe(loop.stop)
	thread.join()
	loop.close()


main()
