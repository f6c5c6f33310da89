# SPDX-License-Identifier: MIT

"""
builder.py - makes of the programs of the comparison what can be run

What cannot be built is no error: whoever asks for it gets Absent, and why.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
C_FLAGS = ['-O2', '-g', '-Wall', '-Wextra', '-D_GNU_SOURCE', f'-I{HERE}/common']
REGISTRY = Path('/usr/share/cargo/registry')
FILE_SIZE = 64 << 20

# Linked statically, like bide, so that nobody pays for calls through a table.
LIBRARIES = {
	'st': ['-l:libst.a'],
	'st-cond': ['-l:libst.a'],
	'context': ['-l:libboost_context.a'],
	'fiber': ['-l:libboost_fiber.a', '-l:libboost_context.a', '-pthread'],
	'uv': ['-l:libuv_a.a', '-pthread', '-ldl'],
	'bare': ['-pthread'],
	'eventfd': ['-pthread'],
	'eventfd-read': ['-pthread'],
	'futex': ['-pthread'],
	'futex-eventfd': ['-pthread'],
}

# Only where it is there, so that nothing else in Rust needs it.
HYPER = '''
[dependencies.hyper]
version = "0.14"
default-features = false
features = ["http1", "server", "tcp"]
'''

# What a program of bide needs beside it.
EXTRA = {
	('hello', 'bide'): ['-l:libhttp_parser.a'],
}


class Absent(Exception):
	"""A peer that this machine cannot have, and why."""


def need(tool):
	path = shutil.which(tool)
	if path is None:
		raise Absent(f'{tool} is not installed')
	return path


def system_python():
	"""Debian's own Python, where it is there: it has the packages that are Debian's."""
	debian = '/usr/bin/python3'
	return debian if os.access(debian, os.X_OK) else sys.executable


def system_rust():
	"""Debian's cargo and rustc, where both are there: its crates are made for them."""
	debian = ['/usr/bin/cargo', '/usr/bin/rustc']
	if all(os.access(tool, os.X_OK) for tool in debian):
		return debian
	return [shutil.which(tool) or tool for tool in ('cargo', 'rustc')]


def has_hyper():
	return any(REGISTRY.glob('hyper-0.14*'))


def build_step(command, **options):
	"""Runs a command of a build; its failure makes the peer absent."""
	done = subprocess.run(command, capture_output=True, text=True, **options)
	if done.returncode != 0:
		lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
		told = [line for line in lines if any(word in line.lower() for word in
		        ('error', 'fatal', 'not found'))]
		raise Absent((told[:1] or lines[-1:] or ['the build failed'])[0].strip())
	return done.stdout


class Builder:
	"""Makes of a peer's file a command line; everything it writes is below one folder."""

	def __init__(self, folder):
		self.folder = folder
		self.done = {}                  # of what builds once: what came out

	def command(self, source):
		"""The command that runs the peer; raises Absent."""
		how = {'.c': self.c, '.cpp': self.cpp, '.go': self.go, '.rs': self.rust,
		       '.py': self.python}
		return how[source.suffix](source)

	def run_folder(self):
		"""Where programs run; in it is the file that those of file_read read."""
		folder = self.folder / 'run'
		pages = folder / 'pages'
		folder.mkdir(parents=True, exist_ok=True)
		if not pages.exists() or pages.stat().st_size != FILE_SIZE:
			pages.write_bytes(os.urandom(FILE_SIZE))
		return folder

	def output(self, source):
		path = self.folder / 'bin' / f'{source.parent.name}-{source.stem}'
		path.parent.mkdir(parents=True, exist_ok=True)
		return str(path)

	def c(self, source):
		command = [need('gcc'), '-std=gnu11', *C_FLAGS, str(source), '-o', self.output(source)]
		if source.stem.startswith('bide'):
			library = self.once('bide', self.bide)
			command += [f'-I{TOP}/include', *library, '-pthread']
		build_step(command + LIBRARIES.get(source.stem, []) +
		           EXTRA.get((source.parent.name, source.stem), []))
		return [self.output(source)]

	def load(self):
		"""Who asks the servers: the program."""
		return self.once('load', lambda: self.c(HERE / 'common' / 'load.c'))[0]

	def cpp(self, source):
		build_step([need('g++'), '-std=c++17', '-DNDEBUG', *C_FLAGS, str(source),
		            '-o', self.output(source), *LIBRARIES.get(source.stem, [])])
		return [self.output(source)]

	def go(self, source):
		env = dict(os.environ, GOCACHE=str(self.folder / 'go'), GOFLAGS='-mod=mod',
		           CGO_ENABLED='0')
		build_step([need('go'), 'build', '-o', self.output(source), str(source)], cwd=HERE,
		           env=env)
		return [self.output(source)]

	def rust(self, source):
		if source.stem.startswith('hyper') and not has_hyper():
			raise Absent(f'no hyper 0.14 in {REGISTRY}')
		folder = self.once('rust', self.rust_package)
		cargo, rustc = system_rust()
		name = f'{source.parent.name}-{source.stem}'
		# One by one, so that a program that cannot be built costs only its peer.
		build_step([cargo, 'build', '--release', '--offline', '--quiet', '-j1', '--bin', name],
		           cwd=folder, env=dict(os.environ, RUSTC=rustc,
		                                CARGO_TARGET_DIR=str(folder / 'target')))
		return [str(folder / 'target' / 'release' / name)]

	def python(self, source):
		python = system_python()
		build_step([python, '-c', 'import asyncio; asyncio.timeout'])
		return [python, '-B', str(source)]

	def once(self, name, build):
		if name not in self.done:
			try:
				self.done[name] = build()
			except Absent as absent:
				self.done[name] = absent
		if isinstance(self.done[name], Absent):
			raise self.done[name]
		return self.done[name]

	def bide(self):
		"""Builds bide's release: the arguments that link it."""
		folder = self.folder / 'bide'
		if not (folder / 'build.ninja').exists():
			# No reports are printed here, so no need of libelf to make them nicer.
			build_step([need('meson'), 'setup', '--buildtype=release', '-Dsymbols=disabled',
			            '-Dtests=disabled', '-Dexamples=disabled', str(folder), str(TOP)])
		build_step([need('ninja'), '-j1', '-C', str(folder), 'src/libbide.a'])
		return self.linked_with(folder)

	def linked_with(self, folder):
		"""The arguments that link the library of a build, with what its build knows it needs."""
		needed = build_step([need('pkg-config'), '--variable=static_libraries',
		                     'bide-uninstalled'],
		                    env=dict(os.environ, PKG_CONFIG_PATH=f'{folder}/meson-uninstalled'))
		return [f'{folder}/src/libbide.a', *needed.replace('\\', '').split()]

	def rust_package(self):
		"""A package of all programs in Rust, of Debian's crates: its folder."""
		cargo, _ = map(need, system_rust())
		if not any(REGISTRY.glob('tokio-[0-9]*')):
			raise Absent(f'no tokio in {REGISTRY}')
		# An older cargo does not read what a newer one has locked.
		version = build_step([cargo, '--version']).split()[1]
		folder = self.folder / f'rust-{version}'
		(folder / '.cargo').mkdir(parents=True, exist_ok=True)
		(folder / '.cargo' / 'config.toml').write_text(
			'[source.crates-io]\nreplace-with = "debian"\n'
			f'[source.debian]\ndirectory = "{REGISTRY}"\n')
		manifest = (HERE / 'common' / 'Cargo.toml.in').read_text().replace('@HERE@', str(HERE))
		sources = sorted(HERE.glob('*/tokio*.rs'))
		if has_hyper():
			manifest += HYPER
			sources += sorted(HERE.glob('*/hyper*.rs'))
		for source in sources:
			manifest += (f'\n[[bin]]\nname = "{source.parent.name}-{source.stem}"\n'
			             f'path = "{source}"\n')
		(folder / 'Cargo.toml').write_text(manifest)
		return folder
