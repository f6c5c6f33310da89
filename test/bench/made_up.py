# SPDX-License-Identifier: MIT
"""Makes up figures, so that the tests know what is to follow from them."""

import pathlib
import sys

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[2] / 'bench'
sys.path.insert(0, str(BENCH))
import results                  # noqa: E402
from figures import Series      # noqa: E402

TOOLS = {
	'machine': {'model': 'Abacus', 'architecture': 'x86_64', 'cpus': 2, 'kernel': 'Linux 6.1'},
	'compilers': {'gcc': 'gcc (Debian 12.2.0-14) 12.2.0', 'go': 'go version go1.19.8'},
	'packages': {'libst-dev': '1.9-3'},
}


def series(workload, values, name=None, param=1, absent=(), quick=False):
	"""A series whose peers have these values."""
	about = {'date': '2026-01-02T03:04:05Z', 'bide': {'version': '1', 'commit': None},
	         'options': {'quick': quick}}
	return Series(workload, name or workload, param, values, dict(absent), about)


def comparison(*everything):
	"""Results of a made-up machine."""
	return results.Results(TOOLS, everything)
