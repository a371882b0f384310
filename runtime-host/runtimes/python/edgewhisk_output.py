"""stdout and stderr of the action: line-buffered, so that what was printed survives a kill, and ended by the marker the
platform waits for, on a line of its own, before /run is answered."""
import io
import os
import sys

MARKER = b"XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"


class Pipe(io.RawIOBase):
    """A file descriptor that knows whether its last line is still open."""

    def __init__(self, number):
        self.number = number
        self.open_line = False

    def fileno(self):
        return self.number

    def writable(self):
        return True

    def write(self, data):
        data = memoryview(data).cast("B")
        at = 0
        while at < len(data):
            try:
                at += os.write(self.number, data[at:])
            except BlockingIOError:  # a child process sharing the pipe has made it non-blocking
                os.set_blocking(self.number, True)
            except OSError:  # nobody reads any more, or the action closed it
                break
        if len(data) > 0:
            self.open_line = data[-1] != 10
        return len(data)


pipes = (Pipe(1), Pipe(2))
streams = tuple(
    io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    for pipe in pipes
)
for stream, name in zip(streams, ("<stdout>", "<stderr>")):
    stream.buffer.raw.name = name
sys.stdout, sys.stderr = streams
sys.__stdout__, sys.__stderr__ = streams


def flush():
    for stream in {sys.stdout, sys.stderr, *streams}:
        try:
            stream.flush()
        except Exception:  # the action closed or replaced it
            pass


def end_of_activation():
    flush()
    for pipe in pipes:
        pipe.write(b"\n" + MARKER if pipe.open_line else MARKER)


def error(text):
    """For the runtime itself, whatever the action did to sys.stderr."""
    flush()
    pipes[1].write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n")
