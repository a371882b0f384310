"""The start of the python runtime. It opens the socket before it loads anything else: a connect must succeed as early
as possible, and the rest is loaded while the host connects."""
import os
import socket
import sys


def listen(where):
    """`8080`, `127.0.0.1:8080` or `/absolute/socket`."""
    if where.startswith("/"):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(where)
    else:
        host, _, port = where.rpartition(":")
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host or "0.0.0.0", int(port)))
    door.listen(128)
    return door


def finish(code):
    """Exits now, whatever threads an action has left running."""
    import atexit

    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def main():
    where = os.environ.get("EDGEWHISK_LISTEN") or "8080"
    leash = os.environ.get("EDGEWHISK_DIE_WITH_PARENT") == "1"
    try:
        door = listen(where)
    except OSError as error:
        sys.exit("cannot listen on %s: %s" % (where, error))
    # Signals keep what Python does with them: a handler of ours would be inherited by every child the action forks, and
    # be lost between fork and the child's first instruction. Who wants this process to end sends SIGKILL.
    from edgewhisk_door import Door, watch_parent

    if leash:
        watch_parent()
    try:
        Door(door).serve()
    except SystemExit as end:
        finish(end.code)


if __name__ == "__main__":
    main()
