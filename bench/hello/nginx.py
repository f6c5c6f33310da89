# SPDX-License-Identifier: MIT

"""Becomes an nginx that says hello and writes into this folder only."""

import os
import sys

CONFIGURATION = '''
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {
	worker_connections 1024;
}
http {
	access_log off;
	client_body_temp_path client;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	default_type text/plain;
	keepalive_requests 1000000000;
	server {
		listen 127.0.0.1:%s;
		location / {
			return 200 hello;
		}
	}
}
'''

with open('nginx.conf', 'w') as file:
	file.write(CONFIGURATION % sys.argv[1])
PATH = os.environ['PATH'] + ':/usr/sbin'
for folder in PATH.split(':'):
	if os.access(f'{folder}/nginx', os.X_OK):
		os.execv(f'{folder}/nginx', ['nginx', '-p', os.getcwd(), '-c', 'nginx.conf', '-e', 'stderr'])
sys.exit('nginx is not installed')
