"""HTTP/1.1 in front of one action, on the main thread: the action runs where Python code expects to run (signals,
asyncio, sys.exit), so requests are served one after the other. The standard http.server is slower by ten times."""
import os
import select
import socket
import sys

MAX_HEAD = 64 * 1024
MAX_BODY = 128 * 1024 * 1024
VERSION = "%d.%d.%d" % sys.version_info[:3]
HELLO = (200, b'{"edgewhisk":1,"kind":"python","version":"%s","concurrent":false,"journals":true}' % VERSION.encode())
#: In a request: end markers may be left out where a run prints nothing. In an answer: it was so.
QUIET = b"x-edgewhisk-quiet"
#: In a request: into which of its two journals the runtime writes from now on.
JOURNAL = b"x-edgewhisk-journal"
BAD_REQUEST = (500, b'{"error":"Bad request."}')
TOO_LARGE = (413, b'{"error":"The request is larger than the runtime accepts."}')


def watch_parent():
    """The host holds the other end of stdin: when it dies, however it dies, so do we, even inside an endless action.
    What the action finds as stdin is empty."""
    import _thread

    leash = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def watch():
        while os.read(leash, 4096):
            pass
        os._exit(0)

    _thread.start_new_thread(watch, ())


class Door:
    """Owns the listening socket and every connection; `action` is loaded with the first request that needs it."""

    def __init__(self, door):
        self.door = door
        self.callers = {}
        self.poll = select.poll()
        self.poll.register(door, select.POLLIN)
        self.action = None
        self.parse = None

    def serve(self):
        while True:
            try:
                ready = self.poll.poll(None if self.action else 0)
            except KeyboardInterrupt:  # from a thread of the action, meant for a run that has ended
                continue
            if not ready and self.action is None:
                self.warm_up()
            for number, _ in ready:
                if number == self.door.fileno():
                    self.accept()
                elif number in self.callers:
                    self.read(self.callers[number])

    def warm_up(self):
        """Nobody is asking yet: the moment to load what /init needs."""
        import edgewhisk_action

        self.action = edgewhisk_action.Action()
        self.parse = edgewhisk_action.parse

    def accept(self):
        caller, _ = self.door.accept()
        if caller.family == socket.AF_INET:
            caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.callers[caller.fileno()] = Caller(caller)
        self.poll.register(caller, select.POLLIN)

    def read(self, caller):
        try:
            open_still = caller.receive()
            while open_still:
                request = caller.next_request()
                if request is None:
                    return
                caller.send(*self.answer(*request))
                open_still = not caller.closing
        except OSError:
            pass
        number = caller.socket.fileno()
        self.poll.unregister(number)
        del self.callers[number]
        caller.socket.close()

    def answer(self, verb, body, head=None):
        if verb == b"GET /hello":
            return HELLO
        if verb == b"TOO LARGE":
            return TOO_LARGE
        if verb not in (b"POST /init", b"POST /run"):
            return BAD_REQUEST
        if self.action is None:
            self.warm_up()
        message = self.parse(body)
        if message is None:
            return BAD_REQUEST
        return self.action.init(message) if verb == b"POST /init" else self.action.run(message, head.quiet, head.journal)


class Caller:
    """One connection: bytes in, requests out."""

    def __init__(self, connection):
        self.socket = connection
        self.bytes = bytearray()
        self.head = None
        self.wanted = 65536
        self.closing = False

    def receive(self):
        received = self.socket.recv(self.wanted)
        self.bytes += received
        return len(received) > 0

    def next_request(self):
        """(b"POST /run", body, head), or None until it is whole."""
        if self.head is None:
            end = self.bytes.find(b"\r\n\r\n")
            if end < 0:
                if len(self.bytes) > MAX_HEAD:
                    raise OSError("endless head")
                return None
            self.head = parse_head(bytes(self.bytes[:end]))
            del self.bytes[: end + 4]
            if self.head.continues:
                self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = self.head
        if head.length > MAX_BODY or len(self.bytes) > MAX_BODY:
            self.closing = True
            return b"TOO LARGE", b"", head
        if head.chunked:
            body = take_chunks(self.bytes)
            if body is None:
                self.wanted = 1 << 20
                return None
        else:
            if len(self.bytes) < head.length:
                self.wanted = min(1 << 20, head.length - len(self.bytes))
                return None
            body = bytes(self.bytes[: head.length])
            del self.bytes[: head.length]
        self.wanted = 65536
        self.closing = head.close
        self.head = None
        return head.verb, body, head

    def send(self, status, body, quiet=False):
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s%s\r\n" % (
            status,
            b"OK" if status == 200 else b"Error",
            len(body),
            QUIET + b": 1\r\n" if quiet else b"",
            b"Connection: close\r\n" if self.closing else b"",
        )
        if len(body) < 65536:
            self.socket.sendall(head + body)
        else:
            self.socket.sendall(head)
            self.socket.sendall(body)


class Head:
    __slots__ = ("verb", "length", "chunked", "close", "continues", "quiet", "journal")


def parse_head(text):
    lines = text.split(b"\r\n")
    head = Head()
    head.verb = b" ".join(lines[0].split(b" ")[:2])
    head.length, head.chunked, head.continues = 0, False, False
    head.quiet, head.journal = False, None
    head.close = lines[0].endswith(b"HTTP/1.0")
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if name == b"content-length":
            if not value.isdigit():
                raise OSError("bad length")
            head.length = int(value)
        elif name == b"transfer-encoding":
            head.chunked = value.lower() == b"chunked"
        elif name == b"connection":
            head.close = value.lower() == b"close"
        elif name == b"expect":
            head.continues = value.lower() == b"100-continue"
        elif name == QUIET:
            head.quiet = True
        elif name == JOURNAL:
            head.journal = value
    return head


def take_chunks(data):
    """Removes one chunked body from the front of data and returns it, or None (data untouched) until it is whole."""
    at, parts = 0, []
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        try:
            size = int(bytes(data[at:end]).partition(b";")[0], 16)
        except ValueError:
            raise OSError("bad chunk") from None
        start = end + 2
        if size == 0:
            close = data.find(b"\r\n", start)
            while close > start:  # trailers
                start = close + 2
                close = data.find(b"\r\n", start)
            if close < 0:
                return None
            del data[: close + 2]
            return b"".join(parts)
        if len(data) < start + size + 2:
            return None
        parts.append(bytes(data[start : start + size]))
        at = start + size + 2
