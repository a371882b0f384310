"""From the code of /init to the function that run calls: plain source, or an archive with __main__.py, in a folder of its
own that becomes the working directory and the first entry of sys.path."""
import atexit
import os
import sys
import types


class Refused(Exception):
    """A sentence for the answer; no traceback would say more."""


def load(main, code, binary):
    folder = make_folder()
    os.chdir(folder)
    file = os.path.join(folder, "__main__.py")
    if binary:
        import base64

        import edgewhisk_unpack

        try:
            data = base64.b64decode(code)
        except ValueError:
            raise Refused("The code is not valid base64.") from None
        try:
            edgewhisk_unpack.unpack(data, folder)
        except edgewhisk_unpack.Refused as refused:
            raise Refused(str(refused)) from None
        if not os.path.isfile(file):
            raise Refused("Zip file does not include __main__.py")
        activate(os.path.join(folder, "virtualenv"))
    else:
        with open(file, "w", encoding="utf-8", errors="surrogatepass") as source:
            source.write(code)
    sys.path.insert(0, folder)
    return find(execute(file), main)


def make_folder():
    """tempfile and shutil would do it, and take longer to import than all else here together."""
    parent = os.environ.get("TMPDIR") or "/tmp"
    folder = os.path.join(os.path.realpath(parent), "edgewhisk-" + os.urandom(8).hex())
    os.mkdir(folder, 0o700)
    owner = os.getpid()

    def remove():
        # A forked child of the action that exits must not take the folder with it.
        if os.getpid() == owner:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def activate(virtualenv):
    if not os.path.isdir(virtualenv):
        return
    for script in ("bin/activate_this.py", "Scripts/activate_this.py"):
        script = os.path.join(virtualenv, script)
        if os.path.isfile(script):
            with open(script, "rb") as source:
                exec(compile(source.read(), script, "exec"), {"__file__": script, "__name__": "activate_this"})
            return
    raise Refused("Invalid virtualenv. Zip file does not include 'activate_this.py'.")


def execute(file):
    """Under the name OpenWhisk's launcher gives it, so that `if __name__ == "__main__"` does not run."""
    module = types.ModuleType("main__")
    module.__file__ = file
    sys.modules["main__"] = module
    with open(file, "rb") as source:
        exec(compile(source.read(), file, "exec"), module.__dict__)
    return module


def find(module, main):
    found = module
    for name in main.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise Refused("Action entrypoint '%s' is not a function." % main)
    return found
