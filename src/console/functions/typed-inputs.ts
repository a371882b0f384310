// Inputs as they were typed last, by function; kept while the tab is open.

export const typedInputs = new Map<string, string>();
