// Dark or light: as the system has it, or as the user chose.

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const STORED = "edgewhisk.theme";
const NEXT: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };

const system = matchMedia("(prefers-color-scheme: dark)");
export const theme = signal<Theme>(storedTheme());
/** What is shown. */
export const isDark = signal(darkNow());

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === "dark" || stored === "light" ? stored : "system";
}

function darkNow(): boolean {
  return theme.peek() === "system" ? system.matches : theme.peek() === "dark";
}

export function nextTheme(): void {
  theme.value = NEXT[theme.peek()];
  localStorage.setItem(STORED, theme.peek());
  applyTheme();
}

/** Called once at the start, and with each change. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.peek();
  isDark.value = darkNow();
}

system.addEventListener("change", applyTheme);
