// The page that the browser loads, and the headers of everything the console's origin answers. Pure.

/** Of every answer, whoever made it. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Of all but the page: nothing in it is run or framed, should a browser show it as a page. */
export const INERT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23246bce'/%3E%3Cpath d='M9 22 16 8l7 14M12 17h8' stroke='white' stroke-width='2.6' fill='none' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/** `nonce`: what lets the page's own code add styles; another one for each answer. */
export function policyOf(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

/** `script`, `style`: names of files below /console/. */
export function pageOf({ script, style }: { script: string; style: string }, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>edgewhisk console</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/console/${style}" nonce="${nonce}">
<script type="module" src="/console/${script}"></script>
</head>
<body>
<div id="app"></div>
<noscript>The console needs JavaScript. Everything it does can also be done with wsk and the edgewhisk command.</noscript>
</body>
</html>
`;
}
