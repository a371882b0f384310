"""Reads zip and tar.gz archives into a folder. Nothing is written outside it: names are checked, links are made last; the unpacked size and the number of entries are bounded whatever the archive says about itself."""
import io
import os
import stat
import zlib

MAX_BYTES = 512 * 1024 * 1024
TOO_LARGE = "it is too large when unpacked"
MAX_ENTRIES = 65536
PIECE = 1 << 18
#: Bytes, as Linux has it.
MAX_TARGET = 4095


class Refused(Exception):
    """A sentence about an archive that will not be unpacked."""


class Folder:
    """The only place that writes for an archive."""

    def __init__(self, root):
        self.root = root
        self.room = MAX_BYTES
        self.entries = 0
        self.links = []

    def inside(self, name):
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise Refused("it has more than %d entries" % MAX_ENTRIES)
        name = name.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or "\0" in name or ".." in parts:
            raise Refused("entry %r leaves the action's folder" % name)
        return os.path.join(self.root, *parts)

    def directory(self, name):
        os.makedirs(self.inside(name), exist_ok=True)

    def file(self, name, source, mode):
        path = self.inside(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as target:
            while True:
                piece = source.read(PIECE)
                if not piece:
                    break
                self.room -= len(piece)
                if self.room < 0:
                    raise Refused(TOO_LARGE)
                target.write(piece)
        os.chmod(path, (mode & 0o777) | 0o644)

    def link(self, name, target):
        if not target or "\0" in target or len(os.fsencode(target)) > MAX_TARGET:
            raise Refused("link %r has no target that can be" % name)
        self.links.append((name, self.inside(name), target))

    def copy(self, name, target):
        """Another name for a file that the archive had before: a copy of it."""
        source = self.inside(target)
        if not os.path.isfile(source):
            raise Refused("entry %r is another name for a file that is not there" % name)
        with open(source, "rb") as opened:
            self.file(name, opened, os.stat(source).st_mode)

    def finish(self):
        """Every parent exists as a real folder before the first link does: no link is reached through another. They may lead
        anywhere, as those of a virtualenv do."""
        for _, path, _ in self.links:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        for name, path, target in self.links:
            if os.path.lexists(path):
                raise Refused("link %r stands where something else does" % name)
            os.symlink(target, path)


def unpack(data, root):
    problem = "There was an error uncompressing the action archive"
    read = unzip if data[:4] == b"PK\3\4" else untar if data[:2] == b"\x1f\x8b" else None
    if read is None:
        raise Refused(problem + ". The file type is unsupported")
    try:
        folder = Folder(root)
        read(data, folder)
        folder.finish()
    except Refused as refused:
        raise Refused("%s: %s." % (problem, refused)) from None
    except Exception as error:  # zipfile and tarfile raise a dozen kinds
        raise Refused("%s: it is damaged (%s)." % (problem, error)) from None


def unzip(data, folder):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # Before the first is written. A size that is told too small is found when the entry is read.
        if len(archive.infolist()) > MAX_ENTRIES:
            raise Refused("it has more than %d entries" % MAX_ENTRIES)
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise Refused(TOO_LARGE)
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 if entry.create_system == 3 else 0
            if entry.is_dir():
                folder.directory(entry.filename)
            elif stat.S_ISLNK(mode):
                if entry.file_size > MAX_TARGET:
                    raise Refused("link %r has no target that can be" % entry.filename)
                folder.link(entry.filename, archive.read(entry).decode())
            else:
                with archive.open(entry) as source:
                    folder.file(entry.filename, source, mode)


class Bounded(io.RawIOBase):
    """Decompresses gzip, counting: a bomb of headers is one as well."""

    def __init__(self, data):
        self.source = zlib.decompressobj(31)
        self.rest = data
        self.total = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.source.decompress(self.rest, len(buffer))
        self.rest = self.source.unconsumed_tail
        self.total += len(piece)
        if self.total > 2 * MAX_BYTES:
            raise Refused(TOO_LARGE)
        buffer[: len(piece)] = piece
        return len(piece)


def untar(data, folder):
    import tarfile

    with tarfile.open(fileobj=io.BufferedReader(Bounded(data)), mode="r|") as archive:
        for entry in archive:
            if entry.isdir():
                folder.directory(entry.name)
            elif entry.issym():
                folder.link(entry.name, entry.linkname)
            elif entry.islnk():
                folder.copy(entry.name, entry.linkname)
            elif entry.isfile():
                folder.file(entry.name, archive.extractfile(entry), entry.mode)
            else:
                raise Refused("entry %r is neither file, folder nor link" % entry.name)
