"""Has the server beside it run a command, passes signals on, and ends as the command does."""

import marshal
import os
import signal
import socket
import sys

server = socket.socket(socket.AF_UNIX)
server.connect(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "socket"))
request = marshal.dumps((os.getcwd(), sys.argv[1:], dict(os.environ), os.getpgrp()))
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: server.sendall(bytes([number])))
server.sendall(request)
sys.exit((server.recv(1) or b"\xff")[0])
