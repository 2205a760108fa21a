"""The MTA's side of the milter protocol, byte by byte."""

import socket
import struct


def packet(cmd, data=b""):
    return struct.pack(">I", len(data) + 1) + cmd + data


NEGOTIATE = packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))


def one_message(subject=b"raw", rcpts=(b"bob@example.jp",), forged=False, extra=b""):
    """All of a message after negotiation; @forged: with a second From; @extra: more header packets."""
    return (
        packet(b"C", b"client.example.com\x004\x30\x39192.0.2.7\0")
        + packet(b"H", b"client.example.com\0")
        + packet(b"M", b"<alice@example.com>\0")
        + b"".join(packet(b"R", b"<" + r + b">\0") for r in rcpts)
        + packet(b"L", b"From\0 alice@example.com\0")
        + (packet(b"L", b"From\0 mallory@example.net\0") if forged else b"")
        + packet(b"L", b"Subject\0 " + subject + b"\0")
        + extra
        + packet(b"N")
        + packet(b"B", b"hello\r\n")
        + packet(b"E")
    )


class Peer:
    """A milter client that sends what it likes."""

    def __init__(self, port, seconds=60):
        if isinstance(port, int):
            self.s = socket.create_connection(("127.0.0.1", port), seconds)
        else:
            self.s = socket.socket(socket.AF_UNIX)
            self.s.settimeout(seconds)
            self.s.connect(str(port))

    def send(self, data):
        self.s.sendall(data)
        return self

    def exactly(self, n):
        got = b""
        while len(got) < n:
            piece = self.s.recv(n - len(got))
            if not piece:
                raise ConnectionError("closed")
            got += piece
        return got

    def receive(self):
        size = struct.unpack(">I", self.exactly(4))[0]
        data = self.exactly(size)
        return data[:1], data[1:]

    def final(self):
        """The last reply to a message, past header changes."""
        while True:
            cmd, data = self.receive()
            if cmd in b"acdrty":
                return cmd, data

    def answers(self):
        """All replies to a message, the final one last."""
        replies = [self.receive()]
        while replies[-1][0] not in b"acdrty":
            replies.append(self.receive())
        return replies

    def closed(self):
        try:
            while self.s.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.s.close()


def honest(k):
    """One message that must be judged, whatever else goes on."""
    p = Peer(k.milter)
    p.send(NEGOTIATE + one_message())
    assert p.receive()[0] == b"O"
    cmd, data = p.final()
    p.close()
    return cmd, data
