"""What runs print, appended to a file that the host reads when they end: nobody has to wake up for a line, and what was written
survives this process, however it ends. The format, and who says when to go over to the other file: ../nodejs/journal.js."""
import os
import struct
import time

HEAD = struct.Struct("<BBIdI")
START = 0x1E
RECORD = 64 * 1024
#: Bytes in one file, which may be memory that counts as this container's. What is longer takes the streams, whose
#: reader is woken while it is written.
MOST = 2 * 1024 * 1024


class Journal:
    def __init__(self, paths, write=os.write):
        self.paths = paths
        self.put = write
        self.at = 0
        self.file = -1
        self.written = 0
        self.full = False
        self.broken = len(paths) != 2

    def write(self, stream, data):
        """False where the streams have to take it, all of it."""
        if self.broken or self.full:
            return False
        length = len(data)
        if self.written + HEAD.size + length > MOST:
            self.full = True
            return False
        if self.file < 0 and not self.open():
            return False
        if length <= RECORD:
            return self.append(stream, data)
        for at in range(0, length, RECORD):
            if not self.append(stream, data[at : at + RECORD]):
                return at > 0
        return True

    def open(self):
        try:
            self.file = os.open(self.paths[self.at], os.O_WRONLY | os.O_APPEND)
        except OSError:
            self.broken = True
        return not self.broken

    def append(self, stream, data):
        record = HEAD.pack(START, stream, 0, time.time() * 1000, len(data)) + data
        try:
            done = self.put(self.file, record)
            while done < len(record):
                done += self.put(self.file, record[done:])
        except OSError:  # No room. The host leaves out a record that is not whole.
            self.broken = True
            return False
        self.written += len(record)
        return True

    def select(self, name):
        """The host has read the other file to its end, or has not begun this one."""
        wanted = 1 if name == b"b" else 0
        if self.broken or wanted == self.at:
            return
        if self.file >= 0:
            os.close(self.file)
        self.at, self.file, self.written, self.full = wanted, -1, 0, False
