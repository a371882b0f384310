// Actions only the python runtimes know.
import { zipCode } from "../support/zip.ts";
import { type Case, matching } from "./runtime-case.ts";

const archive = (files: Record<string, string>) => ({ name: "test", main: "main", binary: true, code: zipCode(files) });

export const PYTHON_CASES: Case[] = [
  {
    name: "answers an exception as the application's error, with the traceback in the log",
    init: "def main(args):\n    return {'x': 1 / 0}\n",
    answer: { status: 200, body: { error: "division by zero" } },
    stderr: /^Traceback[\s\S]*__main__\.py", line 2, in main\n[\s\S]*ZeroDivisionError: division by zero\nXXX_THE_END/,
  },
  {
    name: "refuses a result that cannot be JSON",
    init: "def main(args):\n    return {'x': {1, 2}}\n",
    answer: {
      status: 502,
      body: { error: "The action did not return a dictionary or array: Object of type set is not JSON serializable" },
    },
    stderr: /not JSON serializable/,
  },
  {
    name: "refuses a result that is not a number in JSON",
    init: "def main(args):\n    return {'x': float('nan')}\n",
    answer: {
      status: 502,
      body: { error: matching(/^The action did not return a dictionary or array: Out of range float values/) },
    },
    stderr: /not JSON compliant/,
  },
  {
    name: "does not run what belongs to a script",
    init: "def main(args):\n    return {'name': __name__}\nif __name__ == '__main__':\n    raise SystemExit(1)\n",
    answer: { status: 200, body: { name: "main__" } },
  },
  {
    name: "activates the virtualenv of an archive",
    init: archive({
      "__main__.py": "import helper\ndef main(args):\n    return {'helper': helper.name}\n",
      "virtualenv/bin/activate_this.py":
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))\n",
      "virtualenv/lib/helper.py": "name = 'from the virtualenv'\n",
    }),
    answer: { status: 200, body: { helper: "from the virtualenv" } },
  },
  {
    name: "refuses a virtualenv that cannot be activated",
    init: archive({ "__main__.py": "def main(a):\n    return a\n", "virtualenv/readme.md": "" }),
    initAnswer: { status: 502, error: /Invalid virtualenv\. Zip file does not include 'activate_this\.py'\./ },
    stderr: /Invalid virtualenv/,
  },
  {
    name: "refuses an archive without __main__.py",
    init: archive({ "echo.py": "" }),
    initAnswer: { status: 502, error: /Zip file does not include __main__\.py/ },
    stderr: /Zip file does not include __main__\.py/,
  },
  {
    name: "refuses an action that exits while it loads",
    init: "import sys\nsys.exit(1)\n",
    initAnswer: { status: 502, error: /Command exited abruptly during initialization\./ },
    stderr: /Command exited abruptly/,
  },
  {
    name: "keeps integers beyond 53 bits and the point of whole floats",
    init: "def main(args):\n    return {'text': '%d %r' % (args['n'], args['f'])}\n",
    args: { n: 2 ** 53, f: 1.5 },
    answer: { status: 200, body: { text: "9007199254740992 1.5" } },
  },
  {
    name: "leaves signals as Python has them, so that children end by what ends them",
    init: `import _thread, multiprocessing, os, signal, time
def wait(): time.sleep(30)
def main(args):
    child = multiprocessing.get_context('fork').Process(target=wait)
    child.start()
    child.terminate()
    child.join(10)
    try:
        _thread.interrupt_main()
        time.sleep(5)
        interrupted = False
    except KeyboardInterrupt:
        interrupted = True
    default = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    return {'exit': child.exitcode, 'default': default, 'interrupted': interrupted}
`,
    answer: { status: 200, body: { exit: -15, default: true, interrupted: true } },
  },
  {
    name: "ends thirty pools of processes in a run",
    init: `import multiprocessing
def main(args):
    total = 0
    for _ in range(30):
        with multiprocessing.get_context('fork').Pool(2) as pool:
            total += sum(pool.map(abs, [-1, -2]))
    return {'total': total}
`,
    answer: { status: 200, body: { total: 90 } },
  },
  {
    name: "lives on when it is interrupted outside a try",
    init: `import _thread, time
def main(args):
    _thread.interrupt_main()
    time.sleep(5)
`,
    answer: { status: 200, body: { error: "" } },
    stderr: /KeyboardInterrupt/,
  },
];
