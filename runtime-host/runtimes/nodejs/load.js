// From the code of /init to the function that run calls: plain source (CommonJS or ES module), or an archive unpacked
// into a folder of its own that becomes the working directory.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const vm = require("node:vm");
const { modules } = require("./environment.js");

const PATH_OF_NAMES =
  /^[\p{L}\p{Nl}$_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$]*(\.[\p{L}\p{Nl}$_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$]*)*$/u;
const LOOKS_LIKE_ESM = /^\s*(?:import\s*[\w{*"'$]|export\s*(?:[{*]|(?:default|const|let|var|function|async|class)\b))/m;

async function load({ main, code, binary }) {
  const folder = makeFolder();
  const found = binary ? await loadArchive(folder, main, code) : await loadSource(folder, main, code);
  if (typeof found !== "function") throw `Action entrypoint '${main}' is not a function.`;
  return found;
}

/** …/action holds the action; a node_modules beside it is where resolution climbs to after the action's own. */
function makeFolder() {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "edgewhisk-")));
  process.once("exit", () => fs.rmSync(root, { recursive: true, force: true }));
  const folder = path.join(root, "action");
  fs.mkdirSync(folder);
  if (modules !== undefined) {
    fs.mkdirSync(path.join(root, "node_modules"));
    fs.symlinkSync(path.join(modules, "openwhisk"), path.join(root, "node_modules", "openwhisk"));
  }
  process.chdir(folder);
  return folder;
}

async function loadSource(folder, main, code) {
  if (!PATH_OF_NAMES.test(main)) throw "Name of main function is not valid.";
  const file = path.join(folder, "action.js");
  const module = new Module(file, undefined);
  module.filename = file;
  module.paths = Module._nodeModulePaths(folder);
  const root = main.split(".", 1)[0];
  // A function of its own, so that the source may declare names the module wrapper has taken.
  const wrapped = `return (function () {${code}\n;return typeof ${root} === "undefined" ? undefined : ${main};\n})();`;
  if (!LOOKS_LIKE_ESM.test(code) || parses(wrapped)) {
    const found = module._compile(wrapped, file, "commonjs");
    return found === undefined ? pick(module.exports, main) : found;
  }
  const esm = path.join(folder, "action.mjs");
  fs.writeFileSync(esm, code);
  return pick(await import(pathToFileURL(esm).href), main);
}

/** Asked without running: Node's own loader would advise, on stderr, to rename the file. */
function parses(body) {
  try {
    new vm.Script(`(function () {${body}\n})`);
    return true;
  } catch {
    return false;
  }
}

async function loadArchive(folder, main, code) {
  require("./unpack.js").unpack(Buffer.from(code, "base64"), folder);
  const dot = main.indexOf(".");
  const file = dot < 0 ? undefined : main.slice(0, dot);
  const member = main.slice(dot + 1);
  if (file === "" || !PATH_OF_NAMES.test(member)) throw "Name of main function is not valid.";
  const has = (name) => fs.existsSync(path.join(folder, name));
  if (file === undefined && !has("package.json") && !has("index.js") && !has("index.mjs"))
    throw "Zipped actions must contain either package.json or index.js at the root.";
  if (process.env.OW_ENABLE_INIT_INSTALL === "true") install(folder);
  return pick(await loadModule(resolve(folder, file ?? "")), member);
}

function resolve(folder, file) {
  const wanted = path.join(folder, file);
  try {
    return require.resolve(wanted);
  } catch (error) {
    const esm = file === "" ? path.join(wanted, "index.mjs") : `${wanted}.mjs`;
    if (fs.existsSync(esm)) return esm;
    throw error;
  }
}

async function loadModule(file) {
  if (file.endsWith(".mjs")) return import(pathToFileURL(file).href);
  try {
    return require(file);
  } catch (error) {
    if (error?.code !== "ERR_REQUIRE_ESM" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return import(pathToFileURL(file).href);
  }
}

/** exports.main, exports.a.b, or the export itself where the default name was asked for. */
function pick(exported, main) {
  const walk = (from) => main.split(".").reduce((at, key) => at?.[key], from);
  const found = walk(exported) ?? walk(exported?.default);
  if (found !== undefined || main !== "main") return found;
  return typeof exported === "function" ? exported : exported?.default;
}

/** Only on demand: a package.json with dependencies and no node_modules, in an image that has npm. */
function install(folder) {
  const manifest = path.join(folder, "package.json");
  if (!fs.existsSync(manifest) || fs.existsSync(path.join(folder, "node_modules"))) return;
  const { dependencies } = JSON.parse(fs.readFileSync(manifest, "utf8"));
  if (dependencies === undefined || Object.keys(dependencies).length === 0) return;
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"] };
  require("node:child_process").execFileSync("npm", ["install", "--omit=dev", "--no-audit", "--no-fund"], options);
}

module.exports = { load };
