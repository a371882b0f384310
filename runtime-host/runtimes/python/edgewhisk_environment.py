"""os.environ as the action sees it, fed by /init and /run. The C library keeps a copy of every value setenv was ever given,
about 100 bytes per variable and run: from the thousandth run on, values go into buffers of our own instead."""
import json
import os

from edgewhisk_quiet import Ours

RUNS_BEFORE_BUFFERS = 1000
runs = 0


def hide():
    """The runtime's own variables are nobody else's business."""
    for name in [name for name in os.environ if name.startswith("EDGEWHISK_")]:
        del os.environ[name]


def put(name, value):
    try:
        os.environ[name] = value
    except (ValueError, UnicodeEncodeError):  # empty name, "=" in it, a zero byte, a lone surrogate
        pass


def at_init(env):
    if not isinstance(env, dict):
        return
    for name, value in env.items():
        if value is None or value is False:
            value = ""
        put(name, value if isinstance(value, str) else json.dumps(value))


def at_run(message):
    """Every string beside `value` becomes __OW_<NAME>."""
    global runs
    runs += 1
    if runs == RUNS_BEFORE_BUFFERS:
        use_buffers()
    for name, value in message.items():
        if name != "value" and isinstance(value, str):
            put("__OW_" + name.upper(), value)


def use_buffers():
    """putenv, unlike setenv, takes the caller's memory as it is; os.environ calls what os.putenv names."""
    try:
        import ctypes

        with Ours():
            libc = ctypes.CDLL(None)
            libc.putenv.argtypes = [ctypes.c_void_p]
    except (ImportError, OSError, AttributeError):
        return
    kept = {}
    unset = os.unsetenv

    def putenv(name, value):
        text = name + b"=" + value
        if b"\0" in text:
            raise ValueError("embedded null byte")
        buffer = kept.get(name)
        if buffer is not None and len(buffer) > len(text):
            buffer.value = text
        else:
            buffer = ctypes.create_string_buffer(text, max(len(text) + 1, 128))
        libc.putenv(ctypes.addressof(buffer))
        kept[name] = buffer

    def unsetenv(name):
        unset(name)
        kept.pop(name, None)

    os.putenv, os.unsetenv = putenv, unsetenv
