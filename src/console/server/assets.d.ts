// What `../build.mjs` makes of the console, and every bundler of the Worker finds under this name.

declare module "console:assets" {
  export const assets: import("./origin.ts").ConsoleAssets;
}
