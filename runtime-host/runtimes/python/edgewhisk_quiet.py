"""Whether nobody but the runtime's own streams can print: then what they print may go into a journal, and end markers may be
left out of a run that printed nothing. Where that cannot be known for sure (child processes, extension modules, ways around
sys.stdout) the answer is no, for good. Most of it is told by the interpreter's audit events."""
import os
import sys

STREAMS = (1, 2)
CHILDREN = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "subprocess.Popen"}
#: Functions of a C library, which may be printf.
FOREIGN = {"ctypes.dlsym", "ctypes.dlsym/handle"}
#: Modules that write to a stream by its number.
AROUND = {"faulthandler", "readline", "curses"}
PATHS = ("/dev/std", "/dev/fd/", "/dev/tty", "/dev/pts/", "/proc/")
#: Its extension modules print nothing, but not those installed below it.
LIBRARY = os.path.dirname(os.__file__) + os.sep
INSTALLED = ("site-packages", "dist-packages")
#: Functions of os, and how many of their arguments are file descriptors that must not be a stream.
BY_NUMBER = {"dup": 1, "dup2": 2, "writev": 1, "pwrite": 1, "pwritev": 1, "sendfile": 1, "splice": 2}

unknowable = False


def alone():
    return not unknowable


def give_up():
    global unknowable
    unknowable = True


def hear(event, args):
    if unknowable:
        return
    if event == "open":
        path = args[0]
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if path in STREAMS or isinstance(path, str) and path.startswith(PATHS) and is_stream(path):
            give_up()
    elif event == "import":
        if args[0] in AROUND or isinstance(args[1], str) and is_installed(args[1]):
            give_up()
    elif event in CHILDREN or event in FOREIGN or event == "fcntl.fcntl" and args[0] in STREAMS:
        give_up()


def is_stream(path):
    return not path.startswith("/proc/") or "/fd/" in path


def is_installed(file):
    return not file.startswith(LIBRARY) or any(folder in file for folder in INSTALLED)


def watch(function, descriptors):
    def watched(*args, **named):
        given = (*args[:descriptors], *named.values())
        if any(type(each) is int and each in STREAMS for each in given):
            give_up()
        return function(*args, **named)

    return watched


def watch_spawn(spawn):
    def watched(*args):
        give_up()
        return spawn(*args)

    return watched


def start():
    for name, descriptors in BY_NUMBER.items():
        if hasattr(os, name):
            setattr(os, name, watch(getattr(os, name), descriptors))
    # Tells nobody, and multiprocessing starts its processes by it.
    import _posixsubprocess

    _posixsubprocess.fork_exec = watch_spawn(_posixsubprocess.fork_exec)
    sys.addaudithook(hear)


class Ours:
    """`with` it the runtime itself may do what an action is noticed for."""

    def __enter__(self):
        self.before = unknowable

    def __exit__(self, *_):
        global unknowable
        unknowable = self.before
