"""The one action of this process: taken in by init, called by run. Both answer (status, bytes), and run whether it was quiet if
that was asked. An exception of the action is a result ({"error": text}, status 200), as in OpenWhisk's python runtime; sys.exit ends the process."""
import json

import edgewhisk_environment as environment
import edgewhisk_load
import edgewhisk_output as output

environment.hide()


def failure(status, text):
    return status, json.dumps({"error": text}).encode()


def refuse(status, reason):
    output.error("Internal system error: " + reason)
    return failure(status, reason)


class Action:
    def __init__(self):
        self.state = "ready"  # ready, stopped
        self.main = None
        self.loop = None

    def init(self, message):
        if self.main is not None:
            return refuse(403, "Cannot initialize the action more than once.")
        if self.state != "ready":
            return refuse(403, "System not ready, status is %s." % self.state)
        value = message.get("value")
        value = value if isinstance(value, dict) else {}
        main, code = value.get("main") or "main", value.get("code")
        if not isinstance(main, str) or not isinstance(code, str) or not code:
            return failure(403, "Missing main/no code to execute.")
        environment.at_init(value.get("env"))
        try:
            self.main = edgewhisk_load.load(main, code, value.get("binary") is True)
            return 200, b'{"OK":true}'
        except SystemExit:
            output.error("Command exited abruptly during initialization.")
            reason = "Command exited abruptly during initialization."
        except edgewhisk_load.Refused as refused:
            reason = str(refused)
            output.error(reason)
        except BaseException as error:
            import traceback

            reason = "".join(traceback.format_exception_only(type(error), error)).strip()
            output.error(show(error))
        self.state = "stopped"
        output.end_of_activation()
        return failure(502, "Initialization has failed due to: " + reason)

    def run(self, message, may_omit=False, journal=None):
        """`may_omit`: the host needs no end markers of a run that prints nothing; `journal`: which one it reads next."""
        if self.main is None:
            ready = self.state == "ready"
            return refuse(403, "System not initialized." if ready else "System not ready, status is stopped.")
        value = message.get("value")
        if value is None:
            value = {}
        if not isinstance(value, (dict, list)):
            kind = type(value).__name__
            return refuse(403, "Internal system error: the argument must be a dictionary but has type '%s'." % kind)
        if journal is not None:
            output.journal.select(journal)
        environment.at_run(message)
        try:
            result = self.call(value)
        except SystemExit:
            output.end_of_activation()
            raise
        except BaseException as error:
            output.error(show(error))
            result = {"error": str(error)}
        status, body = encode(result)
        return status, body, output.end_of_activation(may_omit)

    def call(self, value):
        result = self.main(value)
        if not hasattr(result, "__await__"):
            return result
        if self.loop is None:
            import asyncio

            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(wait_for(result))


def show(error):
    """The traceback from the first frame of the action on."""
    import traceback

    trace = error.__traceback__
    while trace is not None and "/edgewhisk_" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


async def wait_for(awaitable):
    return await awaitable


def parse(body):
    """The dictionary in the body, or None if it is not JSON."""
    if not body:
        return {}
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else {}


def encode(result):
    """The result as the bytes of the answer; None is JSON's null, for the platform to judge."""
    if result is not None and not isinstance(result, (dict, list, tuple)):
        output.error("Result must be a dictionary or array but has type '%s'." % type(result).__name__)
        return failure(502, "The action did not return a dictionary or array.")
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        output.error(show(error))
        return failure(502, "The action did not return a dictionary or array: %s" % error)
    try:
        return 200, text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return 200, json.dumps(result, separators=(",", ":")).encode()
