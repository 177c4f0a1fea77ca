"""Keeps a network of its own and hands out its sockets; a separate program.

It is started inside a new network namespace, in which nothing is reachable but itself.
Its first argument is the number of a socket to its parent, the others are ports: it
listens on these in its network, passes the listening sockets to the parent, and from
then on a new socket for each byte it receives. When the parent is gone it ends, and
with the last process in it the network is gone as well.
"""

import fcntl
import socket
import struct
import sys
from typing import Final

_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_UP: Final = 0x1  # IFF_UP
_REQUEST: Final = "16sH14x"  # struct ifreq: a name, and its flags


def main(parent: socket.socket, ports: list[int]) -> None:
    """Listen on the ports, and hand out sockets until the parent is gone."""
    with socket.socket() as any_socket:
        loopback = struct.pack(_REQUEST, b"lo", _UP)
        fcntl.ioctl(any_socket, _SET_FLAGS, loopback)
    listeners = [socket.create_server(("127.0.0.1", port)) for port in ports]
    socket.send_fds(parent, [b"L"], [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    while parent.recv(1):
        with socket.socket() as fresh:
            socket.send_fds(parent, [b"S"], [fresh.fileno()])


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), [int(port) for port in sys.argv[2:]])
