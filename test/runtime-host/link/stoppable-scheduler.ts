// Child process of scheduler-link.test.ts: prints its port, answers pings, and can be stopped by a signal.

import { FakeScheduler } from "../support.ts";

const server = await FakeScheduler.listen();
process.stdout.write(`${server.port}\n`);
