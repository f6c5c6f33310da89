# SPDX-License-Identifier: MIT

"""An echo server: a protocol for each connection, asyncio's callbacks below its streams."""

import asyncio
import sys


class Echo(asyncio.Protocol):
	def connection_made(self, transport):
		self.transport = transport

	def data_received(self, data):
		self.transport.write(data)

	def pause_writing(self):
		self.transport.pause_reading()

	def resume_writing(self):
		self.transport.resume_reading()


async def main():
	server = await asyncio.get_running_loop().create_server(Echo, '127.0.0.1', int(sys.argv[1]))
	await server.serve_forever()


if __name__ == '__main__':
	asyncio.run(main())
