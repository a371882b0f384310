// What ends a start with one clear sentence and exit code 1. The composition root prints its message and nothing else.

export class StartFailure extends Error {
  override name = "StartFailure";
}
