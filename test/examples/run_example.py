#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs an example as a user does and checks what it prints, how it ends and when.

usage: run_example.py CASE FOLDER        the folder with the programs

Real clocks and real sockets. Whatever a program leaves running becomes a child of
this one, so that it is found.
"""
import ctypes
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
LIMIT_SECONDS = 60


class Failure(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Failure(message)


class Program:
    """A program that runs, with its output in a pipe."""

    def __init__(self, folder, name, *args, stdin=None):
        self.name = name
        self.start = time.monotonic()
        self.process = subprocess.Popen([str(folder / name), *args], stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)

    def line(self):
        return self.process.stdout.readline().rstrip('\n')

    def send(self, signo):
        self.process.send_signal(signo)

    def interrupt(self):
        self.send(signal.SIGINT)

    def end(self, status=0):
        """Waits for its end and returns what it has yet to print."""
        try:
            output = self.process.communicate(timeout=LIMIT_SECONDS)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f'{self.name} does not end; so far:\n'
                          + self.process.communicate()[0]) from None
        self.elapsed = time.monotonic() - self.start
        print(output, end='')
        print(f'{self.name}: {self.elapsed:.2f} s, status {self.process.returncode}')
        expect(self.process.returncode == status, f'status is to be {status}')
        return output

    def took(self, least, most):
        expect(least <= self.elapsed <= most, f'is to take {least} to {most} s')


def lines_and_time(folder, name, lines, least, most):
    program = Program(folder, name)
    output = program.end().splitlines()
    expect(output == lines, 'is to print\n' + '\n'.join(lines))
    program.took(least, most)


def sleep_concurrently(folder):
    lines_and_time(folder, 'sleep_concurrently', [str(i) for i in range(10)] + ['hello'], 1, 2)


def sleep_blocking(folder):
    lines = [f'{what} {i}' for i in range(10) for what in ('begin', 'end')]
    lines_and_time(folder, 'sleep_blocking', lines + ['hello'], 10, 12)


def recursive(folder):
    lines_and_time(folder, 'recursive', [
        'started 64', 'cancelled in their sleep 63', 'never started 63', 'survivors 1',
        'main cancelled too'], 0, 5)


def recursive_gather(folder):
    lines_and_time(folder, 'recursive_gather', [
        'started 64', 'never started 63', 'survivors 1', 'main cancelled too'], 0, 5)


def timeout(folder):
    lines_and_time(folder, 'timeout', [
        '200 ms of work within 1 s', '  work: done', '  result: 42',
        '10 s of work within 500 ms', '  work: cut short', '  result: -ETIMEDOUT',
        'a block that has 250 ms', '  100 ms later', '  100 ms later', '  timed out: yes'],
        0.95, 5)


def group(folder):
    lines_and_time(folder, 'group', [
        'index: done', 'body: fails', 'images: cancelled', 'group: Input/output error'], 0.5, 5)


def generator(folder):
    lines_and_time(folder, 'generator', [
        'await', 'bide', 'gather', 'loop', 'no more words wanted'], 0, 5)


def ticker(folder):
    lines_and_time(folder, 'ticker', [
        'at 0.2 s: 1 due,  50 ms of work', 'at 0.4 s: 1 due, 150 ms of work',
        'at 0.6 s: 1 due, 500 ms of work', 'at 1.1 s: 2 due,  50 ms of work'], 1.15, 5)


def lock(folder):
    lines_and_time(folder, 'lock', [
        'worker 0 waits', 'worker 0 acquired', 'worker 1 waits', 'worker 2 waits',
        'worker 0 released', 'worker 1 acquired', 'worker 1 released', 'worker 2 acquired',
        'worker 2 released'], 3, 4)


def job_queue(folder):
    lines_and_time(folder, 'job_queue', [
        'produced 10', *[f'job {i}' for i in range(10)], 'produced 2 more', 'job 10', 'job 11',
        'join back', 'worker cancelled', 'end'], 1, 2)


def pipeline(folder):
    """The reader is at most one number ahead of what the queue and the squarer hold."""
    lines = ['read 0', 'read 1', 'read 2, held back', 'read 3, held back']
    for i in range(8):
        lines.append(f'        square {i * i}')
        if i + 4 < 8:
            lines.append(f'read {i + 4}, held back')
    lines_and_time(folder, 'pipeline', lines, 0.16, 5)


def deadlines(folder):
    lines_and_time(folder, 'deadlines', [
        'heartbeat starts', 'heartbeat: done', 'reply starts', 'reply: done', 'mirror starts',
        'mirror: Connection timed out', 'digest: Connection timed out', 'report starts',
        'report: done'], 0.26, 5)


def philosophers(folder):
    lines_and_time(folder, 'philosophers', [
        *[f'philosopher {i} has eaten' for i in (3, 2, 1, 3, 0, 2, 1, 4, 0, 4)],
        'all have eaten twice'], 0.06, 5)


def philosophers_deadlock(folder):
    """The report says of each task which lock it waits for, and who holds that."""
    program = Program(folder, 'philosophers', 'deadlock')
    output = program.end(status=1)
    expect('bide: deadlock: ' in output, 'bide is to report the deadlock')
    waits = re.findall(r"waits in lock_acquire of .*, held by '", output)
    expect(len(waits) == 5, 'all five are to wait')
    expect('has eaten' not in output, 'nobody is to eat')
    expect(output.endswith('Resource deadlock avoided\n'), 'bide_run is to return -EDEADLK')
    program.took(0.01, 5)


def rate_limit(folder):
    lines_and_time(folder, 'rate_limit', [
        *[f'request {i}, at once' for i in range(3)],
        *[f'request {i}, after a wait' for i in range(3, 10)]], 0.14, 5)


def pool(folder):
    lines_and_time(folder, 'pool', [
        'user 0: connection 0, done', 'user 3: no connection, Connection timed out',
        'user 1: connection 1, cancelled', 'user 4: connection 1, done',
        'user 2: connection 0, done', 'at most 2 in use, 2 idle at the end'], 0.22, 5)


def select(folder):
    lines_and_time(folder, 'select', [
        'a: item 0', 'b: item 0', 'b: has ended', 'a: item 1', 'a: has ended',
        'nothing for 200 ms'], 0.36, 5)


def broadcast(folder):
    lines_and_time(folder, 'broadcast', [
        'display: 0', 'log: 1, missed 0', 'link: 1, missed 0',
        *[f'log: {i}, missed 0' for i in range(2, 6)],
        'display: 5', 'link: 4, missed 2', 'link: 5, missed 0'], 0.31, 5)


def daemon(folder):
    """Nothing is cancelled, and no deferred function runs."""
    ticks = [f'tick {name} {i}' for i in range(3) for name in 'ab']
    lines_and_time(folder, 'daemon', ticks + ['main thread ends'], 2.5, 3.5)


def daemon_three(folder):
    lines = []
    for i in range(3):
        lines += [*[f'tick {name} {i}' for name in 'abc'], 'main has computed: much']
    lines_and_time(folder, 'daemon_three', lines, 2.5, 3.5)


def daemon_stop(folder):
    ticks = [f'tick {name} {i}' for i in range(3) for name in 'ab']
    lines_and_time(folder, 'daemon_stop', ticks + [
        'posted last', 'a over', 'b over', 'the thread has ended: Operation canceled',
        'saved 6 of 6 ticks'], 2.6, 3.5)


def from_thread(folder):
    lines_and_time(folder, 'from_thread', [
        *[f'200000 numbers more: {n} primes' for n in (17984, 15876, 15238, 14853, 14547)],
        '78498 primes; the loop went on: yes'], 0, 30)


def wc_words(names):
    """Returns what wc says, in lines of "COUNT NAME", that of the total included."""
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8'}
    done = subprocess.run(['wc', '-w', *names], stdout=subprocess.PIPE, text=True, check=False,
                          stderr=subprocess.DEVNULL, env=environment)
    return [line.strip() for line in done.stdout.splitlines()]


def word_count(folder):
    """The files of this tree, an empty one, and one of many buffers and one word a line."""
    tree = pathlib.Path(__file__).resolve().parents[2]
    names = sorted(str(path) for pattern in ('*.md', 'include/bide/*.h', 'examples/*.c',
                                             'src/*/*.c') for path in tree.glob(pattern))
    expect(len(names) > 60, 'the files of this tree are to be counted')
    with tempfile.TemporaryDirectory() as scratch:
        big, empty = pathlib.Path(scratch, 'big'), pathlib.Path(scratch, 'empty')
        big.write_text('\n'.join('x' * (i % 97 + 1) for i in range(100000)) + '\tlast\n')
        empty.touch()
        names += [str(big), str(empty)]
        program = Program(folder, 'word_count', *names)
        lines = program.end().splitlines()
        expected = wc_words(names)
    expect(f'100001 {big}' in lines, 'the big file has 100,001 words')
    expect(lines[-1] == expected[-1], f'wc says {expected[-1]}')
    expect(sorted(lines) == sorted(expected), 'is to print, in some order,\n'
           + '\n'.join(expected))
    program.took(0, 10)


def word_count_missing(folder):
    """What cannot be read is named, and the others are counted all the same."""
    names = [__file__, '/no/such/file', '/']
    lines = Program(folder, 'word_count', *names).end(status=1).splitlines()
    expect(sorted(lines[:-1]) == sorted([
        *wc_words([__file__])[:1], '/no/such/file: No such file or directory',
        '/: Is a directory']), 'is to tell what cannot be read')
    expect(lines[-1] == wc_words([__file__])[0].split()[0] + ' total', 'a wrong total')


def embed(folder):
    """Lines that come 0.2 s apart are answered half a second later, each by itself."""
    program = Program(folder, 'embed', stdin=subprocess.PIPE)
    for word, pause in (('one', 0.2), ('two', 0)):
        program.process.stdin.write(word + '\n')
        program.process.stdin.flush()
        expect(program.line() == 'read ' + word, 'each line is to be read as it comes')
        time.sleep(pause)
    expect(program.end().splitlines() == ['answer to one', 'answer to two'],
           'both are to be answered, also when the input has ended')
    program.took(0.7, 3)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    expect(used.ru_utime + used.ru_stime < 0.35, 'is to wait, not to ask all the time')


def embed_without_input(folder):
    program = Program(folder, 'embed', stdin=subprocess.DEVNULL)
    expect(program.end() == '', 'is to print nothing')
    program.took(0, 2)


def signals(folder):
    """Two reloads, the second one of a file that is gone, then a graceful end."""
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch, 'configuration')
        file.write_text('first\n')
        program = Program(folder, 'signals', str(file))
        expect(program.line() == 'ready: first', 'is to start with what the file says')
        file.write_text('second\nnot this')
        program.send(signal.SIGHUP)
        expect(program.line() == 'reloaded: second', 'SIGHUP is to reload')
        file.unlink()
        program.send(signal.SIGHUP)
        expect(program.line() == 'not reloaded: No such file or directory', 'the file is gone')
    program.send(signal.SIGTERM)
    expect(program.end() == 'ended, 0 requests lost\n',
           'SIGTERM is to end it gracefully')
    program.took(0, 5)


def signals_interrupted(folder):
    """Ctrl-C, for which it does not wait, ends it as gracefully."""
    program = Program(folder, 'signals', __file__)
    program.line()
    program.interrupt()
    expect(program.end(status=1) == 'cancelled, 0 requests lost\n',
           'Ctrl-C is to end it gracefully')


def start_server(folder):
    server = Program(folder, 'echo_server', '0')
    line = server.line()
    found = re.fullmatch(r'listening on 127\.0\.0\.1 port (\d+)', line)
    expect(found, f'the server is to tell its port, not "{line}"')
    return server, found[1]


def echo(folder):
    server, port = start_server(folder)
    client = Program(folder, 'echo_client', '127.0.0.1', port, '1000')
    expect(client.end() == '1000 connections, 1000 of them at once, 3000 messages echoed: '
                           'all well\n', 'all 1,000 connections are to be served')
    client.took(0.3, 10)
    server.interrupt()
    expect(server.end() == 'Interrupted system call; 1000 connections served, 0 still open\n',
           'the server is to end cleanly')


def echo_interrupted(folder):
    """Clients that say nothing do not keep the server from ending."""
    server, port = start_server(folder)
    clients = [socket.create_connection(('127.0.0.1', int(port))) for _ in range(10)]
    clients[-1].sendall(b'there?')
    expect(clients[-1].recv(100) == b'there?', 'the server is to echo')
    server.interrupt()
    expect(server.end() == 'Interrupted system call; 10 connections served, 0 still open\n',
           'the server is to close its connections')
    expect([client.recv(100) for client in clients] == [b''] * 10, 'each client sees the end')


def echo_refused(folder):
    """Where nobody listens the client says so, and fails."""
    server, port = start_server(folder)
    server.interrupt()
    server.end()
    output = Program(folder, 'echo_client', '127.0.0.1', port, '3').end(status=1)
    expect(output == '3 connections, 0 of them at once, 0 messages echoed: Connection refused\n',
           'the client is to be refused')


def tour(folder):
    program = Program(folder, 'tour')
    output = program.end()
    stops = ['sleep_concurrently', 'sleep_blocking', 'recursive', 'recursive_gather', 'timeout',
             'group', 'generator', 'ticker', 'philosophers', 'pipeline', 'echo_server',
             'programs/http_server']
    has_http = (folder / 'http_server').exists()
    for number, stop in enumerate(stops, 1):
        expect(f'[{number}/{len(stops)}] examples/{stop}.c\n' in output, f'no headline of {stop}')
    expect(output.count('  took ') == len(stops) - (not has_http), 'each is to tell its time')
    expect(re.search(r'took 1\.\d s; one after the other: 10\.0 s', output), 'one second for ten')
    expect('1000 connections, 1000 of them at once' in output, 'no echo')
    expect('1000 connections served, 0 still open' in output, 'the server did not end cleanly')
    if has_http:
        expect('10 of 10 files' in output, 'ten files are to be fetched')
        expect('Interrupted system call: 10 answers' in output, 'the server did not end cleanly')
    else:
        expect('left out' in output, 'the last stop is to say why it is left out')
    program.took(11, 25)


def tour_interrupted(folder):
    """Ctrl-C ends the tour and the program that it shows, at once."""
    program = Program(folder, 'tour')
    while not program.line().endswith(' hello'):
        expect(program.process.poll() is None, 'the tour is to come to its second stop')
    time.sleep(0.5)
    program.interrupt()
    output = program.end(status=1)
    expect('The tour ended early: Ctrl-C\n' in output, 'the tour is to say why')
    program.took(1, 8)


def left_behind():
    """Returns the ids of the processes that the programs have left."""
    found = []
    while True:
        try:
            pid = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return found
        if pid == 0:
            children = pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text()
            for child in map(int, children.split()):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                found.append(child)
            return found
        found.append(pid)


def main(cases):
    case, folder = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A shell's background job ignores it, and so would the programs.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A thread sanitizer gives the other threads of a program that exits a second more.
    os.environ['TSAN_OPTIONS'] = os.environ.get('TSAN_OPTIONS', '') + ' atexit_sleep_ms=0'
    try:
        cases[case](pathlib.Path(folder))
        expect(not left_behind(), 'processes are left behind')
    except Failure as failure:
        left_behind()
        sys.exit(f'{case}: {failure}')


if __name__ == '__main__':
    main(globals())
