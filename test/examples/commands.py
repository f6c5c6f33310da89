#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs those of examples/programs/ that are commands, and compares them with others.

usage: commands.py CASE FOLDER        the folder with the programs
"""
import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import threading
import time

from programs import need
from run_example import Failure, Program, expect, main

TREE = pathlib.Path(__file__).resolve().parents[2]


# run_jobs

def jobs_file(folder, text):
    path = pathlib.Path(folder, 'jobs')
    path.write_text(text)
    return str(path)


def collect_killed():
    """Collects what jobs have put into the background: it was killed with them."""
    until = time.monotonic() + 2
    try:
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
    except ChildProcessError:
        return
    raise Failure('processes go on running')


def run_jobs_mixed(folder):
    """Each job's output stands together, behind how it has ended."""
    with tempfile.TemporaryDirectory() as scratch:
        file = jobs_file(scratch, '# a list\n\n  echo one; sleep 0.2; echo more >&2\necho two\n'
                                  'exit 3\necho so far; sleep 60 & sleep 60\nkill -9 $$\n'
                                  'printf "no newline"')
        program = Program(folder, 'run_jobs', '-j', '3', '-t', '1', file)
        output = program.end(status=1)
    expect('echo one; sleep 0.2; echo more >&2: done after 0.2' in output, 'job 1 is done')
    expect(' s\none\nmore\n' in output, 'both outputs of a job stand together')
    expect('exit 3: failed with 3 after' in output, 'job 3 has failed')
    expect('sleep 60 & sleep 60: timed out after 1.0' in output, 'job 4 takes too long')
    expect(' s\nso far\n' in output, 'what it has printed is there')
    expect('kill -9 $$: killed by signal 9 after' in output, 'job 5 was killed')
    expect('no newline\n' in output, 'a last line without its newline gets one')
    expect(output.endswith('3 done, 2 failed, 1 timed out\n'), 'a summary')
    collect_killed()
    program.took(1, 5)


def run_jobs_at_once(folder):
    """So many at once as -j says: no more, no fewer."""
    with tempfile.TemporaryDirectory() as scratch:
        file = jobs_file(scratch, 'sleep 0.4\n' * 6)
        for at_once, least in (('2', 1.2), ('6', 0.4)):
            program = Program(folder, 'run_jobs', '-j', at_once, file)
            expect(program.end().endswith('6 done, 0 failed, 0 timed out\n'), 'all are done')
            program.took(least, least + 0.75)


def run_jobs_from_input(folder):
    program = Program(folder, 'run_jobs', stdin=subprocess.PIPE)
    program.process.stdin.write('head -c 3000000 /dev/zero | tr "\\0" y\n')
    program.process.stdin.flush()
    output = program.end()
    expect('y' * 3000000 in output, '3 MB of output are to be there')
    program = Program(folder, 'run_jobs', stdin=subprocess.PIPE)
    pipe = os.fstat(program.process.stdin.fileno()).st_ino
    program.process.stdin.write('ls -l /proc/$$/fd\n')
    output = program.end()
    expect('/dev/null' in output and f'pipe:[{pipe}]' not in output, 'no job is to have the list')


def run_jobs_options(folder):
    for option in ('-t0', '-t-1', '-tx', '-tnan', '-tinf', '-t1e300', '-t1e10', '-j0', '-jx'):
        output = Program(folder, 'run_jobs', option, '/dev/null').end(status=2)
        expect(output.startswith('usage: '), f'{option} is bad usage')
    output = Program(folder, 'run_jobs', '-t1e8', '/dev/null').end()
    expect(output == '0 done, 0 failed, 0 timed out\n', 'three years are a limit')


def run_jobs_interrupted(folder):
    """No process is left, not even one that a job has put into the background."""
    with tempfile.TemporaryDirectory() as scratch:
        ready = pathlib.Path(scratch, 'ready')
        file = jobs_file(scratch, f'sleep 61 & sleep 62; echo late\ntouch {ready}\nsleep 63\n')
        program = Program(folder, 'run_jobs', '-j', '2', file)
        while not ready.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        program.interrupt()
        output = program.end(status=1)
    expect('late' not in output, 'the job is cut short')
    expect('1 done, 0 failed, 0 timed out, 2 cut short\n' in output, 'a summary')
    collect_killed()
    program.took(0, 5)


# tree_grep

def grep_lines(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, 'LC_ALL': 'C'}, check=False)
    return done.returncode, sorted(done.stdout.splitlines())


def tree_grep_odd_files(folder):
    """Finds in this tree, and in one of odd files, what grep finds."""
    with tempfile.TemporaryDirectory() as scratch:
        odd = pathlib.Path(scratch, 'odd')
        odd.mkdir()
        (odd / 'empty').touch()
        (odd / 'no newline').write_text('a match\nanother match')
        (odd / 'binary').write_bytes(b'a\0b match\nmore match\n')
        (odd / 'long').write_text('x' * 300000 + 'match\n' + '\n' * 1000)
        (odd / 'link').symlink_to('no newline')
        (odd / 'loop').symlink_to('.')
        os.mkfifo(odd / 'pipe')
        deep = odd
        for i in range(30):
            deep = deep / f'level {i}'
            deep.mkdir()
            (deep / 'file').write_text(f'match {i}\n')
        for pattern, root in (('match', odd), ('^$', odd), ('no such text', odd),
                              (r'bide__[a-z]*_close(.*)$', TREE / 'src'),
                              (r'^static.*\bint\b', TREE / 'test'), ('.', TREE / 'include')):
            expected = grep_lines('grep', '-r', pattern, str(root))
            actual = grep_lines(str(folder / 'tree_grep'), pattern, str(root))
            expect(actual == expected, f'"{pattern}" in {root}: {len(actual[1])} lines and '
                   f'status {actual[0]}, where grep has {len(expected[1])} and {expected[0]}')


def tree_grep_errors(folder):
    output = Program(folder, 'tree_grep', 'x', '/no/such/folder').end(status=2)
    expect(output == 'tree_grep: /no/such/folder: No such file or directory\n', 'is to say why')
    output = Program(folder, 'tree_grep', '\\(', '.').end(status=2)
    expect(output.startswith('usage: '), 'a bad pattern is bad usage')


def tree_grep_interrupted(folder):
    """In a tree that takes longer than that."""
    program = Program(folder, 'tree_grep', 'no such text', '/usr')
    time.sleep(0.3)
    program.interrupt()
    program.end(status=2)
    program.took(0.3, 5)


def tree_grep_deep_folders(folder):
    """A tree as deep as a path can tell."""
    with tempfile.TemporaryDirectory() as scratch:
        depth = 0
        here = os.open(scratch, os.O_DIRECTORY)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
        while len(scratch) + 2 * depth + len('/a/file') < 4090:
            os.mkdir('a', dir_fd=here)
            inner = os.open('a', os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
            depth += 1
        file = os.open('file', os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(file, b'match')
        os.close(file)
        os.close(here)
        try:
            output = Program(folder, 'tree_grep', 'match', scratch).end()
            expect(output == f'{scratch}{"/a" * depth}/file:match\n', 'is to find it')
        finally:
            subprocess.run(['rm', '-r', scratch + '/a'], check=True)


# dns_query

def free_port():
    """A port that is free for datagrams; for a stream it may be anybody's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def start_name_server(port):
    return subprocess.Popen(['/usr/sbin/dnsmasq', '--keep-in-foreground', '--no-resolv', '--no-hosts',
                             '--conf-file=/dev/null', '--user=root', '--pid-file=',
                             f'--port={port}', '--listen-address=127.0.0.1',
                             '--bind-interfaces', '--address=/one.test/10.1.2.3',
                             '--address=/one.test/2001:db8::1', '--address=/two.test/10.4.5.6',
                             '--address=/two.test/2001:db8::2', '--local=/test/'],
                            stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def name_server(folder):
    """A name server that answers, on which port; tried anew where that is taken meanwhile."""
    for _ in range(10):
        port = free_port()
        server = start_name_server(port)
        try:
            while server.poll() is None:
                done = subprocess.run([str(folder / 'dns_query'), '127.0.0.1', port, 'one.test'],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      check=False)
                if done.returncode == 0:
                    yield port
                    return
                time.sleep(0.02)
        finally:
            server.terminate()
            server.wait()
    raise Failure('no name server starts')


def dns_query_real_server(folder):
    """Asks a real name server."""
    need('dnsmasq')
    with name_server(folder) as port:
        one = ['one.test 10.1.2.3', 'one.test 2001:db8::1']
        lines = Program(folder, 'dns_query', '127.0.0.1', port, 'one.test').end().splitlines()
        expect(sorted(lines) == one, 'both addresses')
        program = Program(folder, 'dns_query', '127.0.0.1', port, 'two.test', 'none.test',
                          'one.test')
        lines = sorted(program.end(status=1).splitlines())
        expect(lines == ['none.test: No such file or directory'] * 2
               + one + ['two.test 10.4.5.6', 'two.test 2001:db8::2'],
               'what there is, and what there is not')


def answer_late(server):
    """Loses the first question of each kind, and sends wrong answers before the right one."""
    seen = set()
    while True:
        query, peer = server.recvfrom(512)
        if query == b'end':
            return
        kind = query[-4:-2]
        if kind not in seen:
            seen.add(kind)
            continue
        header = query[:2] + b'\x81\x80\0\1\0\2\0\0\0\0'
        data = b'\x0a\0\0\1' if kind == b'\0\1' else bytes(15) + b'\1'
        record = b'\xc0\x0c' + kind + b'\0\1\0\0\0\0' + bytes([0, len(data)]) + data
        short = record[:10] + b'\0\0'        # an address of no bytes
        answer = header + query[12:] + record + short
        server.sendto(bytes([query[0] ^ 1]) + answer[1:], peer)
        server.sendto(query, peer)
        server.sendto(header + query[12:].replace(b'some', b'much') + record + short, peer)
        server.sendto(answer[:11], peer)
        server.sendto(answer, peer)


def dns_query_again(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(('127.0.0.1', 0))
        thread = threading.Thread(target=answer_late, args=[server])
        thread.start()
        port = str(server.getsockname()[1])
        program = Program(folder, 'dns_query', '127.0.0.1', port, 'some.test')
        lines = program.end().splitlines()
        server.sendto(b'end', server.getsockname())
        thread.join()
    expect(sorted(lines) == ['some.test 10.0.0.1', 'some.test ::1'], 'both, at the second try')
    program.took(0.5, 3)


def dns_query_in_vain(folder):
    """Where nobody answers it gives up after 0.5 + 1 + 2 s; where nobody is, at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(('127.0.0.1', 0))
        port = str(server.getsockname()[1])
        program = Program(folder, 'dns_query', '127.0.0.1', port, 'some.test')
        expect(program.end(status=1) == 'some.test: Connection timed out\n' * 2, 'no answer')
        program.took(3.5, 6)
    program = Program(folder, 'dns_query', '127.0.0.1', port, 'some.test')
    expect(program.end(status=1) == 'some.test: Connection refused\n' * 2, 'nobody is there')
    program.took(0, 2)


if __name__ == '__main__':
    main(globals())
