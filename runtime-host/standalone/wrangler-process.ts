// The process of wrangler.ts: answers each question with what wrangler says, and ends when it is let go.

import { createRequire } from "node:module";
import type * as Wrangler from "wrangler";

export type WranglerQuestion = { what: "worker options"; config: string } | { what: "statements"; sql: string };
export type WranglerAnswer = { value: unknown } | { error: string };

// Whatever wrangler's code still waits for (an answer of the network that never comes), this process ends when it is
// let go: it shares our standard error, and whoever reads that waits for its end.
process.on("disconnect", () => process.exit(0));

const wrangler: typeof Wrangler = createRequire(import.meta.url)("wrangler");

process.on("message", (question: WranglerQuestion) => {
  process.send?.(answerTo(question));
});

function answerTo(question: WranglerQuestion): WranglerAnswer {
  try {
    if (question.what === "statements") return { value: wrangler.unstable_splitSqlQuery(question.sql) };
    // `modulesRules` holds patterns that cannot be sent, and is for those who do not bundle themselves.
    const { modulesRules: _, ...worker } = wrangler.unstable_getMiniflareWorkerOptions(question.config).workerOptions;
    return { value: worker };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
