"""stdout and stderr of the action: line-buffered, so that what was printed survives a kill, and ended by the marker the
platform waits for, on a line of its own, before /run is answered. Where there is a journal and nobody else can print, all of it
goes there instead, and counts as nothing printed here."""
import io
import os
import posix
import sys

import edgewhisk_quiet as quiet
from edgewhisk_journal import Journal

MARKER = b"XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"
#: Before an action may replace it.
write = os.write
journal = Journal([path for path in os.environ.get("EDGEWHISK_JOURNALS", "").split(":") if path])


class Pipe(io.RawIOBase):
    """A file descriptor that knows whether its last line is still open, and whether anything was written to it."""

    def __init__(self, number):
        self.number = number
        self.open_line = False
        self.printed = False

    def fileno(self):
        return self.number

    def writable(self):
        return True

    def write(self, data):
        data = memoryview(data).cast("B")
        if len(data) == 0 or quiet.alone() and journal.write(self.number, data):
            return len(data)
        self.put(data)
        self.open_line = data[-1] != 10
        return len(data)

    def put(self, data):
        self.printed = True
        at = 0
        while at < len(data):
            try:
                at += write(self.number, data[at:])
            except BlockingIOError:  # a child process sharing the pipe has made it non-blocking
                os.set_blocking(self.number, True)
            except OSError:  # nobody reads any more, or the action closed it
                break


pipes = (Pipe(1), Pipe(2))
streams = tuple(
    io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    for pipe in pipes
)
for stream, name in zip(streams, ("<stdout>", "<stderr>")):
    stream.buffer.raw.name = name
sys.stdout, sys.stderr = streams
sys.__stdout__, sys.__stderr__ = streams


def write_to(number, data):
    """os.write as the action has it."""
    return pipes[number - 1].write(data) if number == 1 or number == 2 else write(number, data)


os.write = posix.write = write_to
quiet.start()


def flush():
    for stream in {sys.stdout, sys.stderr, *streams}:
        try:
            stream.flush()
        except Exception:  # the action closed or replaced it
            pass


def end_of_activation(may_omit=False):
    """`may_omit`: nothing need be written where nothing was; returns whether it was so."""
    flush()
    omitted = may_omit and quiet.alone() and not any(pipe.printed for pipe in pipes)
    for pipe in pipes:
        if not omitted:
            pipe.put(b"\n" + MARKER if pipe.open_line else MARKER)
        pipe.open_line = pipe.printed = False
    return omitted


def error(text):
    """For the runtime itself, whatever the action did to sys.stderr."""
    flush()
    pipes[1].write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n")
