# SPDX-License-Identifier: MIT

"""The same server on uvloop."""

import asyncio
import importlib

import uvloop

uvloop.install()
asyncio.run(importlib.import_module('aio-protocol').main())
