// What the cases about web actions share.

import { code, fresh, make, namespace } from "./suite.ts";

export const web = (extra: { key: string; value: unknown }[] = [], more: object = {}) => ({
  annotations: [{ key: "web-export", value: true }, ...extra],
  ...more,
});

/** Makes a web action and returns its path up to the extension. */
export async function webAction(
  source: string,
  options: { annotations?: { key: string; value: unknown }[]; more?: object } = {},
) {
  const name = fresh("web");
  await make(`actions/${name}`, code(source, web(options.annotations, options.more)));
  return { name, path: `/api/v1/web/${namespace(1)}/default/${name}` };
}

export const ANONYMOUS = { key: null } as const;
