#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the programs of examples/programs/ against the programs that people use.

usage: programs.py CASE FOLDER        the folder with the programs

curl, wrk, nginx, nc and Python's own server stand on the other side. A case that
lacks one of them fails on Debian, where ./dev installs it, and is skipped elsewhere.
"""
import concurrent.futures
import contextlib
import email.utils
import hashlib
import http.server
import os
import pathlib
import pty
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from run_example import LIMIT_SECONDS, Failure, Program, expect, main

SKIPPED = 77


def need(*tools):
    for tool in tools:
        if shutil.which(tool) or pathlib.Path('/usr/sbin', tool).exists():
            continue
        expect(not pathlib.Path('/etc/debian_version').exists(), f'{tool} is not installed')
        print(f'there is no {tool}')
        sys.exit(SKIPPED)


def connect(port):
    return socket.create_connection(('127.0.0.1', int(port)), timeout=LIMIT_SECONDS)


def read_all(client):
    data = bytearray()
    while piece := client.recv(65536):
        data += piece
    return bytes(data)


def is_closed(client):
    """Waits until the peer has closed or reset the connection."""
    try:
        while client.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def noise(size):
    return random.Random(size).randbytes(size)


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


# http_server

@contextlib.contextmanager
def http_server(folder, *options, status=0):
    """A server on a folder of its own, which is ended by Ctrl-C."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch, 'root')
        root.mkdir()
        pathlib.Path(scratch, 'secret').write_text('secret')
        (root / 'empty').touch()
        (root / 'one').write_bytes(b'x')
        (root / 'big').write_bytes(noise(10_000_000))
        server = Program(folder, 'http_server', *options, str(root))
        line = server.line()
        found = re.fullmatch(rf'serving {root} on (http://127\.0\.0\.1:(\d+)/)', line)
        expect(found, f'the server is to tell its address, not "{line}"')
        server.root, server.url, server.port = root, found[1], found[2]
        try:
            yield server
            if server.process.poll() is None:
                server.interrupt()
            server.output = server.end(status)
        finally:
            server.process.kill()


def curl(*args):
    need('curl')
    done = subprocess.run(['curl', '-s', '--max-time', '30', *args], check=False,
                          stdout=subprocess.PIPE, timeout=LIMIT_SECONDS)
    expect(done.returncode == 0, f'curl {args} has failed: {done.returncode}')
    return done.stdout


def curl_head(*args):
    """Returns the status and the headers, of the last answer."""
    head = curl('-o', '/dev/null', '-D', '-', *args).decode().split('\r\n\r\n')[-2]
    lines = head.split('\r\n')
    return int(lines[0].split()[1]), dict(line.split(': ', 1) for line in lines[1:])


def http_server_files(folder):
    """Whole files, byte by byte, and what the server says of them."""
    with http_server(folder) as server:
        for name in ('empty', 'one', 'big'):
            expect(curl(server.url + name) == (server.root / name).read_bytes(),
                   f'{name} is to be what it is')
            status, headers = curl_head('-I', server.url + name)
            size = (server.root / name).stat().st_size
            expect(status == 200 and headers['Content-Length'] == str(size),
                   f'HEAD of {name} is to tell its size')
        (server.root / 'page.html').write_text('<p>')
        status, headers = curl_head(server.url + 'page.html?query')
        expect(headers['Content-Type'] == 'text/html; charset=utf-8', 'is a page')
        expect(email.utils.parsedate_to_datetime(headers['Last-Modified']).timestamp()
               == int((server.root / 'page.html').stat().st_mtime), 'a wrong time')
        since = 'If-Modified-Since: ' + headers['Last-Modified']
        status, headers = curl_head('-H', since, server.url + 'page.html')
        expect(status == 304, 'is not modified')
        expect(curl_head(server.url + 'nothing')[0] == 404, 'there is nothing')
        status, headers = curl_head('-X', 'DELETE', server.url + 'one')
        expect(status == 405 and headers['Allow'] == 'GET, HEAD', 'files are only to be read')


def http_server_ranges(folder):
    with http_server(folder) as server:
        data = (server.root / 'big').read_bytes()
        url = server.url + 'big'
        for text, start, end in (('0-0', 0, 1), ('5-1000004', 5, 1000005), ('9999990-', -10, None),
                                 ('-7', -7, None), ('-99999999', 0, None),
                                 ('9999999-999999999999999999999', -1, None)):
            expect(curl('-r', text, url) == data[start:end], f'a wrong range for {text}')
        status, headers = curl_head('-r', '10-19', url)
        expect(status == 206 and headers['Content-Range'] == 'bytes 10-19/10000000',
               'is to tell the range')
        for text in ('10000000-', '-0'):
            status, headers = curl_head('-r', text, url)
            expect(status == 416 and headers['Content-Range'] == 'bytes */10000000',
                   f'there is no range {text}')
        expect(curl_head('-r', '0-', server.url + 'empty')[0] == 416, 'there is none in nothing')
        for text in ('bytes=5-2', 'bytes=a-b', 'bytes=1-2,5-6', 'lines=1-2', 'bytes=-',
                     'bytes=+1-2'):
            status, headers = curl_head('-H', 'Range: ' + text, url)
            expect(status == 200, f'"{text}" is to be ignored')
        status, headers = curl_head('-I', '-r', '0-9', url)
        expect(status == 200 and headers['Content-Length'] == '10000000', 'no parts for HEAD')
        changed = 'If-Range: Sat, 01 Jan 2000 00:00:00 GMT'
        expect(curl_head('-r', '0-9', '-H', changed, url)[0] == 200, 'another file, not a part')


def http_server_folders(folder):
    """A list of names that need care, an index, and what is none of the client's business."""
    with http_server(folder) as server:
        names = ['a&b<c>"d\'.txt', 'ü ?#%41.txt', 'javascript:x']
        (server.root / 'list').mkdir()
        (server.root / 'list' / 'sub').mkdir()
        (server.root / 'list' / '.hidden').write_text('secret')
        for name in names:
            (server.root / 'list' / name).write_text(name)
        status, headers = curl_head(server.url + 'list')
        expect(status == 301 and headers['Location'] == '/list/', 'a folder ends with a slash')
        for target in ('//list', '/list?query', 'http://x/list', '/%6cist'):
            answer = ask(server.port, f'GET {target} HTTP/1.1\r\nHost: x\r\n'
                                      'Connection: close\r\n\r\n').decode()
            expect(f'Location: {"/%6cist" if "%" in target else "/list"}/\r\n' in answer,
                   f'{target} is to lead there, too')
        page = curl('-L', server.url + 'list').decode()
        links = re.findall(r'href="([^"]*)"', page)
        expect(len(links) == 4 and 'sub/' in links, 'is to list three names and a folder')
        expect({curl(server.url + 'list/' + link).decode() for link in links if link != 'sub/'}
               == set(names), 'each link is to lead to its file')
        expect('a&#38;b&#60;c&#62;' in page and 'ü ?#%41.txt' in page, 'names are text')
        (server.root / 'list' / 'index.html').write_text('the index')
        expect(curl(server.url + 'list/') == b'the index', 'is to show the index')

        (server.root / 'out').symlink_to('../secret')
        (server.root / 'out2').symlink_to(server.root.parent)
        (server.root / 'in').symlink_to(server.root / 'list' / names[0])
        os.mkfifo(server.root / 'fifo')
        expect(curl(server.url + 'in').decode() == names[0], 'links within the folder are fine')
        for path in ('../secret', '%2e%2e/secret', '.%2e%2fsecret', 'list/..%2f../secret',
                     'list/../../secret', '/../secret', '%2f..%2fsecret', 'out', 'out2/secret',
                     'fifo', 'list/.hidden', '.', '..', 'out2/', 'out2/nothing',
                     f'%2f{server.root.parent}/secret', f'/{server.root.parent}/secret'):
            status = curl_head('--path-as-is', server.url + path)[0]
            expect(status in (403, 404), f'{path} is to lead nowhere, not to {status}')
        for path in ('%', '%4', '%zz', 'one%00', '%00'):
            expect(curl_head(server.url + path)[0] == 400, f'{path} is no path')


def http_server_whole_system(folder):
    """The folder "/" is one, too."""
    with tempfile.TemporaryDirectory() as scratch:
        pathlib.Path(scratch, 'file').write_text('far below')
        server = Program(folder, 'http_server', '/')
        url = server.line().split(' ')[-1]
        try:
            expect(curl(url + scratch[1:] + '/file') == b'far below', 'is to be served')
            expect(b'<a href="tmp/">' in curl(url), 'is to be listed')
            server.interrupt()
            server.end()
        finally:
            server.process.kill()


def http_server_keeps_connections(folder):
    """curl uses its connection again, also after an error."""
    with http_server(folder) as server:
        url = server.url
        done = subprocess.run(['curl', '-sv', url + 'one', url + 'nothing', url + 'big', url],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        expect(done.stderr.count(b'Re-using existing connection') == 3, 'one connection for all')
    expect('4 answers on 1 connections' in server.output, 'one connection for four answers')


def ask(port, *pieces, pause=0.0):
    """Sends the pieces of a request and returns all that is answered."""
    with connect(port) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece if isinstance(piece, bytes) else piece.encode())
                time.sleep(pause)
        return read_all(client)


def http_server_requests(folder):
    """Requests as no browser sends them."""
    with http_server(folder) as server:
        port = server.port
        get = 'GET /one HTTP/1.1\r\nHost: x\r\n\r\n'
        last = 'GET /one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        answer = ask(port, get * 100 + 'HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n' + last)
        expect(answer.count(b'HTTP/1.1 200 OK\r\n') == 102, 'each of many at once is answered')
        expect(answer.count(b'\r\n\r\nx') == 101, 'HEAD has no body')
        times = [time.monotonic()]
        for _ in range(3):
            ask(port, last)
            times.append(time.monotonic())
        expect(times[-1] - times[0] < 2.5, 'the end is to be seen at once')
        answer = ask(port, *(last[i:i + 1] for i in range(len(last))), pause=0.001)
        expect(answer.endswith(b'\r\n\r\nx'), 'a request may come byte by byte')
        answer = ask(port, 'POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello')
        expect(answer.startswith(b'HTTP/1.1 405 ') and b'Connection: close\r\n' in answer,
               'there is no POST')
        body = 'GET /one HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
        answer = ask(port, body + '5\r\nhello\r\n0\r\n\r\n' + last)
        expect(answer.count(b'\r\n\r\nx') == 2, 'a small body is skipped')
        chunked = 'Transfer-Encoding: chunked\r\n'
        for header in ('Host: y\r\n', chunked + 'Content-Length: 5\r\n',
                       'Content-Length: 5\r\n' + chunked, chunked + chunked,
                       chunked + 'Transfer-Encoding: x\r\n', 'Transfer-Encoding: x\r\n' + chunked,
                       'Transfer-Encoding : chunked\r\n', 'Transfer-Encoding: xchunked\r\n',
                       'Content-Length: 5\r\nContent-Length: 5\r\n', 'Content-Length: +5\r\n',
                       'Content-Length: 5, 5\r\n', 'Content-Length: 0x5\r\n',
                       'Content-Length: 18446744073709551621\r\n'):
            answer = ask(port, f'GET /one HTTP/1.1\r\nHost: x\r\n{header}\r\n0\r\n\r\n' + last)
            expect(answer.count(b'HTTP/1.1') == 1 and answer.startswith(b'HTTP/1.1 400 '),
                   f'{header!r} leaves open where the request ends, not {answer[:60]}')
        for text, status in (('GET /one HTTP/1.1\r\n\r\n', 400), ('hello\r\n\r\n', 400),
                             ('GET /one HTTP/2.0\r\nHost: x\r\n\r\n', 505),
                             ('GET /' + 3000 * 'x' + ' HTTP/1.1\r\nHost: x\r\n\r\n', 414),
                             ('GET / HTTP/1.1\r\nHost: ' + 300 * 'x' + '\r\n\r\n', 431),
                             ('GET / HTTP/1.1\r\nHost: x\r\nA: ' + 99999 * 'x' + '\r\n\r\n', 431),
                             (body + 'fffff\r\n' + 99999 * 'x', 413)):
            answer = ask(port, text)
            expect(answer.startswith(b'HTTP/1.1 %d ' % status), f'{text[:60]} is to get {status},'
                   f' not {answer[:60]}')
        answer = ask(port, 'GET /one HTTP/1.0\r\n\r\n')
        expect(answer.endswith(b'\r\n\r\nx'), 'HTTP/1.0 has one request a connection')
        expect(ask(port, 'GET http://x/one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
               .endswith(b'\r\n\r\nx'), 'a target may be a whole URL')
        upgrade = 'Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
        answer = ask(port, 'GET /one HTTP/1.1\r\nHost: x\r\n' + upgrade + last)
        expect(answer.count(b'\r\n\r\nx') == 2, 'there is no other protocol to switch to')
        with connect(port) as client:
            client.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
            client.recv(1000)      # and is gone, half-way
        expect(curl(server.url + 'one') == b'x', 'the server lives')


def http_server_parallel(folder):
    """Fifty at once, each of which gets the whole; two at most are served at a time."""
    with http_server(folder, '-c', '2') as server:
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            bodies = list(pool.map(curl, [server.url + 'big'] * 50))
        wanted = hashlib.sha256((server.root / 'big').read_bytes()).digest()
        expect({hashlib.sha256(body).digest() for body in bodies} == {wanted}, 'a body is wrong')


def http_server_load(folder):
    need('wrk')
    with http_server(folder) as server:
        done = subprocess.run(['wrk', '-c100', '-d2', '-t1', server.url + 'one'], check=True,
                              stdout=subprocess.PIPE, text=True, timeout=LIMIT_SECONDS)
        print(done.stdout)
        expect('Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout,
               'each request is to be answered')
        expect(float(re.search(r'Requests/sec: +([\d.]+)', done.stdout)[1]) > 100, 'is too slow')


def http_server_slow_clients(folder):
    """Who says nothing, dribbles a request or takes no answer is not waited for."""
    with http_server(folder, '-t', '1') as server:
        silent, dribble, deaf = (connect(server.port) for _ in range(3))
        deaf.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n' * 4)
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in b'GET / HTTP/1.1\r\n' * 100:
                dribble.sendall(bytes([byte]))
                time.sleep(0.05)
        expect(0.9 < time.monotonic() - start < 4, 'one second is for the whole request')
        expect(is_closed(silent) and is_closed(dribble), 'they are to be gone')
        time.sleep(1)
        expect(len(read_some(deaf)) < 40_000_000, 'whoever takes nothing is to be gone, too')
        expect(curl(server.url + 'one') == b'x', 'others are served')


def read_some(client):
    """What comes before the connection is closed or reset."""
    data = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65536):
            data += piece
    return data


def http_server_interrupted(folder):
    """Ctrl-C ends an idle connection at once, and lets a download that is slow go on."""
    with http_server(folder) as server:
        idle, fresh, slow = (connect(server.port) for _ in range(3))
        idle.sendall(b'GET /one HTTP/1.1\r\nHost: x\r\n\r\n')
        expect(idle.recv(1000).endswith(b'x'), 'is to be served')
        slow.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
        data = slow.recv(1000)
        server.interrupt()
        start = time.monotonic()
        expect(is_closed(idle) and is_closed(fresh), 'idle connections are to end')
        expect(time.monotonic() - start < 3, 'at once')
        time.sleep(0.5)
        data += read_all(slow)
        expect(data.endswith((server.root / 'big').read_bytes()), 'what has begun is completed')
        server.output = server.end()
        expect(time.monotonic() - start < 4, 'nothing is left to wait for')
    expect('2 answers on 3 connections' in server.output, 'both answers count')


def http_server_drain_limit(folder):
    """Five seconds are all that a download gets."""
    with http_server(folder) as server:
        with (server.root / 'huge').open('w') as huge:
            huge.truncate(100_000_000)
        client = connect(server.port)
        client.sendall(b'GET /huge HTTP/1.1\r\nHost: x\r\n\r\n')
        client.recv(1000)
        start = time.monotonic()
        server.interrupt()
        server.end()
        expect(4.9 < time.monotonic() - start < 8, 'is to drain for five seconds')


# download

@contextlib.contextmanager
def nginx():
    """nginx on a folder of its own."""
    need('nginx')
    with tempfile.TemporaryDirectory() as scratch:
        files = pathlib.Path(scratch, 'files')
        files.mkdir()
        port = free_port()
        paths = '\n'.join(f'{kind}_temp_path {scratch}/{kind};' for kind in
                          ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        pathlib.Path(scratch, 'conf').write_text(f'''
            daemon off; master_process off; pid {scratch}/pid; error_log stderr;
            events {{ }}
            http {{
                access_log {scratch}/access; default_type application/octet-stream; {paths}
                server {{
                    listen 127.0.0.1:{port};
                    root {files};
                    location /slow/ {{ alias {files}/; limit_rate 1000k; }}
                    location /chunked/ {{ alias {files}/; ssi on; ssi_types *; }}
                    location = /busy {{ return 503; }}
                    location = /moved {{ return 302 /chunked/one?x; }}
                    location = /loop {{ return 302 loop; }}
                }}
            }}''')
        server = subprocess.Popen(['/usr/sbin/nginx' if shutil.which('nginx') is None else 'nginx',
                                   '-c', f'{scratch}/conf', '-p', scratch, '-e', 'stderr'])
        try:
            until = time.monotonic() + 10
            while True:
                with contextlib.suppress(ConnectionError), connect(port):
                    break
                expect(time.monotonic() < until and server.poll() is None, 'nginx does not start')
                time.sleep(0.02)
            yield files, f'http://127.0.0.1:{port}', pathlib.Path(scratch, 'access')
        finally:
            server.terminate()
            server.wait()


def download(folder, into, *args, status=0, text=None):
    """Runs it to its end; returns its lines."""
    program = Program(folder, 'download', '-o', str(into), *args,
                      stdin=subprocess.DEVNULL if text is None else subprocess.PIPE)
    if text is not None:
        program.process.stdin.write(text)
        program.process.stdin.close()
        program.process.stdin = None
    lines = program.end(status).splitlines()
    expect(not list(into.glob('*.part')), 'no parts are to be left')
    return lines


def download_many(folder):
    """Two hundred small files, one of 20 MB, a chunked answer, a redirect, a slow one."""
    with nginx() as (files, url, access), tempfile.TemporaryDirectory() as scratch:
        into = pathlib.Path(scratch)
        names = [f'small{i}' for i in range(200)]
        for i, name in enumerate(names):
            (files / name).write_bytes(noise(i * 10))
        (files / 'one').write_bytes(b'1')
        (files / 'big').write_bytes(noise(20_000_000))
        (files / 'middle').write_bytes(noise(1_500_000))
        urls = [f'{url}/big', f'{url}/chunked/middle', f'{url}/slow/middle', f'{url}/moved']
        urls += [f'{url}/{name}' for name in names]
        lines = download(folder, into, '-n', '16', *urls)
        expect(lines[-1] == '204 of 204 files, 23.2 MB, 0 failed', f'not "{lines[-1]}"')
        for name in [*names, 'big', 'middle']:
            expect((into / name).read_bytes() == (files / name).read_bytes(), f'{name} differs')
        expect((into / 'middle.1').read_bytes() == (files / 'middle').read_bytes(), 'differs')
        expect((into / 'moved').read_bytes() == b'1', 'is to follow the redirect')
        expect(len(list(into.iterdir())) == 204, 'nothing else is to be there')


def download_failures(folder):
    """Each failure is told, and is the only one; what may pass is tried again."""
    with nginx() as (files, url, access), tempfile.TemporaryDirectory() as scratch:
        into = pathlib.Path(scratch)
        (files / 'good').write_text('good')
        lines = download(folder, into, '-r', '2', f'{url}/good', f'{url}/none', f'{url}/busy',
                         f'{url}/loop', 'https://x/', 'nonsense', f'{url}/',
                         f'http://127.0.0.1:{free_port()}/x', status=1)
        expect(lines.pop() == '1 of 8 files, 0.0 MB, 7 failed', 'a wrong summary')
        expect(sorted(re.sub(r'http://127.0.0.1:\d+', '', line) for line in lines) == sorted([
            'good: 4 bytes', '/none: the server says: Not Found, attempt 1',
            '/busy: the server says: Service Unavailable, attempt 3',
            '/loop: Too many levels of symbolic links, attempt 1',
            'https://x/: Invalid argument, attempt 1', 'nonsense: Invalid argument, attempt 1',
            '/: the server says: Forbidden, attempt 1', '/x: Connection refused, attempt 3',
        ]), 'each failure is to be told')
        expect(access.read_text().count('GET /busy') == 3, 'is to try three times')
        expect(access.read_text().count('GET /loop') == 6, 'is to follow five redirects')


def download_from_python(folder):
    """URLs of the standard input; what is there already stays as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        into, files = pathlib.Path(scratch, 'into'), pathlib.Path(scratch, 'files')
        into.mkdir()
        files.mkdir()
        (files / 'file').write_text('new')
        (into / 'file').write_text('old')
        handler = type('Handler', (http.server.SimpleHTTPRequestHandler,),
                       {'log_message': lambda *_: None})
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), lambda *args: handler(*args, directory=str(files)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_port}/'
        lines = download(folder, into, text=f'{url}file\r\n\n{url}file\n{url}')
        expect(lines.pop() == '3 of 3 files, 0.0 MB, 0 failed', 'a wrong summary')
        expect(sorted(re.sub('index.html: .*', 'index.html', line) for line in lines)
               == ['file.1: 3 bytes', 'file.2: 3 bytes', 'index.html'], 'three files')
        expect([(into / name).read_text() for name in ('file', 'file.1', 'file.2')]
               == ['old', 'new', 'new'], 'nothing is overwritten')
        expect('Directory listing' in (into / 'index.html').read_text(), 'a folder has an index')
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def scripted_server(*scripts):
    """A server that plays one script a connection; the last one again and again."""
    listener = socket.create_server(('127.0.0.1', 0))
    played = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.recv(65536)
                script = scripts[min(len(played), len(scripts) - 1)]
                played.append(client)
                script(client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{listener.getsockname()[1]}/', played
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for client in played:
            client.close()


def says(text, end=True):
    def script(client):
        client.sendall(text)
        if end:
            client.close()
    return script


def download_cut_short(folder):
    """What ends half-way is tried again, however the server has told its length."""
    whole = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n'
    early = b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLocation: x\r\n\r\n'
    scripts = [says(whole[:-4]), says(chunked), says(b''), says(b'HTTP/1.1 2'), says(early + whole)]
    with tempfile.TemporaryDirectory() as scratch, scripted_server(*scripts) as (url, played):
        into = pathlib.Path(scratch)
        lines = download(folder, into, '-r', '4', url + 'file')
        expect(lines == ['file: 10 bytes', '1 of 1 files, 0.0 MB, 0 failed'], 'is to succeed')
        expect((into / 'file').read_bytes() == b'0123456789', 'is to be the whole')
        expect(len(played) == 5, 'at the fifth attempt')
    moved = b'HTTP/1.1 302 Found\r\nLocation: //%s/there\r\n\r\n'
    with tempfile.TemporaryDirectory() as scratch, scripted_server(says(whole)) as (url, _):
        there = url[len('http://'):-1].encode()
        with scripted_server(says(early + moved % there)) as (url, played):
            into = pathlib.Path(scratch)
            download(folder, into, '-r', '0', url + 'here')
            expect((into / 'here').read_bytes() == b'0123456789', 'hints are no answer')
    until_close = b'HTTP/1.0 200 OK\r\n\r\nuntil the end'
    with tempfile.TemporaryDirectory() as scratch, scripted_server(says(until_close)) as (url, _):
        into = pathlib.Path(scratch)
        download(folder, into, url + 'a/..', url)
        expect({path.name: path.read_bytes() for path in into.iterdir()}
               == {'index.html': b'until the end', 'index.html.1': b'until the end'},
               'the end is the end of the file')
    nonsense = says(b'nonsense\r\n')
    with tempfile.TemporaryDirectory() as scratch, scripted_server(nonsense) as (url, _):
        lines = download(folder, pathlib.Path(scratch), url, status=1)
        expect(': Protocol error, attempt 1' in lines[0], 'is no HTTP')


def download_redirects(folder):
    """A location may stand beside what was asked for, or have another URL in its query."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302 if len(asked) == 1 else 200)
            self.send_header('Location', location)
            self.send_header('Content-Length', '0')
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for here, location, there in (('/a/b?c', '/d?u=http://x/', '/d?u=http://x/'),
                                  ('/a/b?c', 'd?u=http://x/', '/a/d?u=http://x/'),
                                  ('/a/b?c/', '?d', '/a/b?d'), ('/a/b?c/', 'd', '/a/d'),
                                  ('?c', 'd', '/d'),
                                  ('/', f'http://127.0.0.1:{server.server_port}/d', '/d')):
        asked.clear()
        with tempfile.TemporaryDirectory() as scratch:
            program = Program(folder, 'download', '-o', scratch, '-r', '0',
                              f'http://127.0.0.1:{server.server_port}{here}')
            program.end()
        expect(asked[1:] == [there], f'{location} beside {here} is {there}, not {asked[1:]}')
    server.shutdown()
    server.server_close()


def download_too_large(folder):
    """A file that takes a part only: the reason is told, and the part is removed."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    body = says(b'HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n' + noise(3000))
    with tempfile.TemporaryDirectory() as scratch, scripted_server(body) as (url, _):
        done = subprocess.run([str(folder / 'download'), '-o', scratch, url], check=False,
                              stdout=subprocess.PIPE, text=True, timeout=LIMIT_SECONDS,
                              preexec_fn=limit)
        expect(done.stdout.startswith(f'{url}: File too large, attempt 1\n'),
               f'not "{done.stdout}"')
        expect(done.returncode == 1 and not os.listdir(scratch), 'nothing is to be left')


def download_time_limit(folder):
    """A server that is silent half-way, and one that accepts nobody."""
    half = says(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123', end=False)
    with tempfile.TemporaryDirectory() as scratch, scripted_server(half) as (url, played):
        start = time.monotonic()
        lines = download(folder, pathlib.Path(scratch), '-t', '1', '-r', '0', url, status=1)
        expect(lines[0] == f'{url}: Connection timed out, attempt 1', f'not "{lines[0]}"')
        expect(1 <= time.monotonic() - start < 4, 'after one second')

    with socket.socket() as hole, tempfile.TemporaryDirectory() as scratch:
        hole.bind(('127.0.0.1', 0))
        hole.listen(0)
        port = hole.getsockname()[1]
        fillers = []
        for _ in range(4):      # until the queue of the listener is full
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(('127.0.0.1', port))
            fillers.append(filler)
        time.sleep(0.2)
        start = time.monotonic()
        url = f'http://127.0.0.1:{port}/'
        lines = download(folder, pathlib.Path(scratch), '-t', '1', '-r', '1', url, status=1)
        expect(lines[0] == f'{url}: Connection timed out, attempt 2', f'not "{lines[0]}"')
        expect(2 <= time.monotonic() - start < 6, 'after two seconds and a pause')
        for filler in fillers:
            filler.close()


def download_interrupted(folder):
    """Ctrl-C: all end at once, and no parts are left."""
    with nginx() as (files, url, _), tempfile.TemporaryDirectory() as scratch:
        into = pathlib.Path(scratch)
        (files / 'big').write_bytes(noise(20_000_000))
        program = Program(folder, 'download', '-o', scratch, *[f'{url}/slow/big'] * 6)
        until = time.monotonic() + 10
        while len([part for part in into.glob('*.part') if part.stat().st_size > 0]) < 4:
            expect(time.monotonic() < until, 'four at once are to begin')
            time.sleep(0.02)
        expect(len(list(into.iterdir())) == 4, 'four at once are the most')
        program.interrupt()
        lines = program.end(status=1).splitlines()
        expect(re.fullmatch(r'0 of \d files, 0\.0 MB, \d failed; Interrupted system call',
                            lines[-1]), f'not "{lines[-1]}"')
        program.took(0, 12)
        expect(not list(into.iterdir()), 'nothing is to be left')

        program = Program(folder, 'download', stdin=subprocess.PIPE)
        time.sleep(0.2)
        program.interrupt()
        expect(program.process.wait(LIMIT_SECONDS) == 1, 'is not to wait for its input')
        expect('0 of 0 files' in program.end(status=1), 'it has had none')


def download_progress(folder):
    """On a terminal there is a line that tells how far it is, and it is gone at the end."""
    with nginx() as (files, url, _), tempfile.TemporaryDirectory() as scratch:
        (files / 'middle').write_bytes(noise(1_500_000))
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(folder / 'download', ['download', '-o', scratch, f'{url}/slow/middle'],
                      {**os.environ, 'TERM': 'xterm'})
        output = b''
        with contextlib.suppress(OSError):
            while piece := os.read(terminal, 4096):
                output += piece
        os.close(terminal)
        expect(os.waitpid(pid, 0)[1] == 0, 'is to do well')
        shares = [int(share) for share in re.findall(rb'0 of 1  middle (\d+)%', output)]
        expect(len(shares) > 3 and shares == sorted(shares), f'is to tell how far: {shares}')
        expect(output.endswith(b'\r\033[Kmiddle: 1500000 bytes\r\n\r\033[K'
                               b'1 of 1 files, 1.5 MB, 0 failed\r\n'), 'a wrong end')


# tcp_proxy

@contextlib.contextmanager
def tcp_proxy(folder, peer):
    """The proxy before a server that runs peer for each connection, on a thread."""
    listener = socket.create_server(('127.0.0.1', 0), backlog=100)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=peer, args=[client], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    proxy = Program(folder, 'tcp_proxy', '0', '127.0.0.1', str(listener.getsockname()[1]))
    found = re.fullmatch(r'127\.0\.0\.1 port (\d+) leads to 127\.0\.0\.1 port \d+', proxy.line())
    expect(found, 'the proxy is to tell its port')
    proxy.port = found[1]
    proxy.listener = listener
    try:
        yield proxy
        proxy.interrupt()
        proxy.output = proxy.end()
    finally:
        proxy.process.kill()
        listener.close()


def echo_peer(client):
    with client, contextlib.suppress(OSError):
        while piece := client.recv(65536):
            client.sendall(piece)


def tcp_proxy_echo(folder):
    """Many connections at once, each with an echo of its own; and one of each line as it comes."""
    with tcp_proxy(folder, echo_peer) as proxy:
        clients = [connect(proxy.port) for _ in range(50)]
        for round_number in range(3):
            for i, client in enumerate(clients):
                client.sendall(f'{round_number} of {i}\n'.encode())
            for i, client in enumerate(clients):
                expect(client.recv(100) == f'{round_number} of {i}\n'.encode(), 'another echo')
        for client in clients:
            client.shutdown(socket.SHUT_WR)
            expect(client.recv(100) == b'', 'the end is passed on, and comes back')
    expect(proxy.output.count(' back, done\n') == 50, 'each is to end well')
    expect('Interrupted system call; 50 connections\n' in proxy.output, 'all are to be counted')


def tcp_proxy_much(folder):
    """20 MB in both directions at once, then half-closed from either side."""
    there, back = noise(20_000_000), noise(20_000_001)
    got = []

    def peer(client):
        sender = threading.Thread(target=client.sendall, args=[back])
        sender.start()
        got.append(read_all(client))
        sender.join()
        client.sendall(b'still open')
        client.close()

    with tcp_proxy(folder, peer) as proxy:
        with connect(proxy.port) as client:
            sender = threading.Thread(target=lambda: (client.sendall(there),
                                                      client.shutdown(socket.SHUT_WR)))
            sender.start()
            expect(read_all(client) == back + b'still open', 'what comes back differs')
            sender.join()
        expect(got == [there], 'what went there differs')
        line = proxy.line()
        expect(re.fullmatch(r'client at port \d+: 20000000 bytes there, 20000011 back, done', line),
               f'not "{line}"')


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.close()


def is_reset(client):
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


def tcp_proxy_resets(folder):
    """A reset of either side ends both, and is one for the other side."""
    seen = []

    def peer(client):
        word = client.recv(100)
        client.sendall(b'?')
        if word == b'reset':
            reset(client)
        else:
            seen.append(is_reset(client))

    with tcp_proxy(folder, peer) as proxy:
        client = connect(proxy.port)
        client.sendall(b'reset')
        expect(is_reset(client), 'the client is to see the reset')
        expect(proxy.line().endswith('bytes there, 1 back, Connection reset by peer'), 'a reset')
        client = connect(proxy.port)
        client.sendall(b'wait')
        expect(client.recv(100) == b'?', 'the peer is to answer')
        reset(client)
        expect(proxy.line().endswith('4 bytes there, 1 back, Connection reset by peer'), 'a reset')
        until = time.monotonic() + 10
        while not seen and time.monotonic() < until:
            time.sleep(0.01)
        expect(seen == [True], 'the peer is to see the reset')
        proxy.listener.shutdown(socket.SHUT_RDWR)
        proxy.listener.close()
        try:
            expect(is_reset(connect(proxy.port)), 'where nobody listens, a client is sent away')
        except ConnectionResetError:
            pass                # so soon that it has not even connected
        expect(proxy.line().endswith('0 bytes there, 0 back, Connection refused'), 'refused')


def tcp_proxy_interrupted(folder):
    with tcp_proxy(folder, echo_peer) as proxy:
        client = connect(proxy.port)
        client.sendall(b'there?')
        expect(client.recv(100) == b'there?', 'is to pass it on')
        proxy.interrupt()
        expect(is_reset(client), 'the end is not to look like one of the peer')
        proxy.process.wait(LIMIT_SECONDS)
        proxy.interrupt = lambda: None
    expect('6 bytes there, 6 back, Operation canceled' in proxy.output, 'the counts are told')


# chat_server

@contextlib.contextmanager
def chat_server(folder):
    server = Program(folder, 'chat_server')
    found = re.fullmatch(r'chat on 127\.0\.0\.1 port (\d+)', server.line())
    expect(found, 'the server is to tell its port')
    server.port = found[1]
    try:
        yield server
        server.interrupt()
        server.output = server.end()
    finally:
        server.process.kill()


class Guest:
    """A client of the chat, with the lines that it hears."""

    def __init__(self, port, name=None):
        self.socket = connect(port)
        self.file = self.socket.makefile('r', newline='\n')
        expect(self.hears() == '* welcome; what is your name?', 'a welcome')
        if name is not None:
            self.say(name)
            self.name = name
            expect(self.hears() == f'* hello, {name}', f'{name} is to be greeted')

    def say(self, text):
        self.socket.sendall(text.encode() + b'\n')

    def hears(self):
        return self.file.readline().rstrip('\n')

    def leave(self):
        self.file.close()
        self.socket.close()


def chat_server_many(folder):
    """Fifty guests, three of them by nc: all hear all, in order, and who comes and goes."""
    need('nc')
    with chat_server(folder) as server:
        by_nc = []
        for i in range(3):
            nc = subprocess.Popen(['nc', '127.0.0.1', server.port], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, bufsize=1)
            nc.stdin.write(f'nc{i}\n')
            for line in ('* welcome; what is your name?\n', f'* hello, nc{i}\n'):
                expect(nc.stdout.readline() == line, 'nc is to be greeted')
            by_nc.append(nc)
        guests = []
        for i in range(47):
            guests.append(Guest(server.port, f'guest{i}'))
            for other in guests[:-1]:
                expect(other.hears() == f'* guest{i} has joined', 'all are to hear who joins')
        for i in range(10):
            by_nc[0].stdin.write(f'line {i}\n')
        for guest in guests:
            for i in range(10):
                expect(guest.hears() == f'nc0: line {i}', 'all are to hear all')
        guests[0].say('\x1b[2Jhello\r')
        expect(guests[1].hears() == 'guest0:  [2Jhello', 'without control characters')
        guests.pop().leave()
        expect(guests[0].hears() == '* guest46 has left', 'one has left')
        by_nc[1].terminate()
        expect(guests[0].hears() == '* nc1 has left', 'one more')
        server.interrupt()
        expect(guests[0].hears() == '* goodbye, the server ends', 'the server says goodbye')
        expect(guests[0].hears() == '', 'and closes the connection')
        expect(by_nc[2].communicate(timeout=10)[0].endswith('* goodbye, the server ends\n'),
               'nc ends, too')
        for nc in by_nc[:2]:
            nc.communicate(timeout=10)
        server.process.wait(LIMIT_SECONDS)
        server.interrupt = lambda: None
    expect('50 clients' in server.output, 'all are to be counted')


def chat_server_names(folder):
    with chat_server(folder) as server:
        first, second = Guest(server.port, 'one'), Guest(server.port)
        second.say('one')
        expect(second.hears() == '* there is a one already; another name?', 'names are unique')
        for name in ('', '*', 30 * 'x'):
            second.say(name)
            expect(second.hears() == '* a name has 1 to 23 letters; yours?', f'{name} is none')
        second.say('two')
        expect(second.hears() == '* hello, two', 'now it has one')
        expect(first.hears() == '* two has joined', 'the other hears of it')
        first.say(2000 * 'x')
        expect(first.hears() == '* a line has at most 1000 bytes; goodbye', 'too long')
        expect(second.hears() == '* one has left', 'is dropped')
        second.socket.sendall(b'no newline')
        second.socket.shutdown(socket.SHUT_WR)
        expect(second.hears() == '', 'an end is an end')


def chat_server_slow_client(folder):
    """One that never reads holds up nobody, and is dropped."""
    with chat_server(folder) as server:
        deaf, speaker, listener = (Guest(server.port, name) for name in ('deaf', 'speaker', 'ear'))
        expect(speaker.hears() == '* ear has joined', 'two and one')
        sent = 0
        dropped = False
        start = time.monotonic()
        while not dropped and sent < 30000:
            for _ in range(100):
                speaker.say(f'{sent} ' + 900 * 'x')
                sent += 1
            heard = 0
            while heard < 100:
                line = listener.hears()
                if line == '* deaf read too slowly, and was dropped':
                    dropped = True
                else:
                    expect(line.startswith(f'speaker: {sent - 100 + heard} '), f'lost: {line[:30]}')
                    heard += 1
        expect(dropped, 'is to be dropped')
        print(f'dropped after {sent} lines, {time.monotonic() - start:.1f} s')
        expect(is_closed(deaf.socket), 'is to be gone')


def chat_server_flood(folder):
    """A client that sends all at once loses nobody: all hear every line."""
    with chat_server(folder) as server:
        speaker, listener = Guest(server.port, 'speaker'), Guest(server.port, 'ear')
        expect(speaker.hears() == '* ear has joined', 'two')
        lines = ''.join(f'{i}\n' for i in range(20000)).encode()
        sender = threading.Thread(target=speaker.socket.sendall, args=[lines])
        sender.start()
        for i in range(20000):
            expect(listener.hears() == f'speaker: {i}', f'line {i} is lost')
        sender.join()


if __name__ == '__main__':
    main(globals())
