// Reads zip and tar.gz archives into a folder. Nothing is written outside it: names are checked, links are made last;
// the unpacked size and the number of entries are bounded whatever the archive says about itself.
"use strict";

const zlib = require("node:zlib");
const { Folder, MAX_ENTRIES, Refused } = require("./folder.js");

const MAX_BYTES = 512 * 1024 * 1024;
const TOO_LARGE = "it is too large when unpacked";
/** Marks in a zip's directory: an entry; what may come after the last one. */
const ENTRY = 0x02014b50;
const ENDS = [0x06054b50, 0x06064b50, 0x05054b50];
/** A count that does not fit. */
const MANY = 0xffff;
const LINK = 0o120000;
const KIND = 0o170000;

/** @param {Buffer} bytes @param {string} root an empty folder @throws {string} a sentence for the answer */
function unpack(bytes, root) {
  const isZip = bytes.length >= 4 && bytes.readUInt32LE(0) === 0x04034b50;
  const isGzip = bytes.length >= 2 && bytes.readUInt16BE(0) === 0x1f8b;
  const problem = "There was an error uncompressing the action archive";
  if (!isZip && !isGzip) throw `${problem}. The file type is unsupported`;
  try {
    const folder = new Folder(root, MAX_BYTES);
    if (isZip) unzip(bytes, folder);
    else untar(inflate(zlib.gunzipSync, bytes, MAX_BYTES), folder);
    folder.finish();
  } catch (error) {
    throw `${problem}: ${error instanceof Refused ? error.message : `it is damaged (${error.message})`}.`;
  }
}

function inflate(method, bytes, limit) {
  try {
    return method(bytes, { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    if (error.code === "ERR_BUFFER_TOO_LARGE") throw new Refused(TOO_LARGE);
    throw error;
  }
}

function unzip(bytes, folder) {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new Refused("it has no directory");
  let at = bytes.readUInt32LE(end + 16);
  if (at === 0xffffffff) throw new Refused("zip64 is not supported");
  for (let left = entriesOf(bytes, { at, end }); left > 0; left--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength).replaceAll("\\", "/");
    const mode = bytes[at + 5] === 3 ? bytes.readUInt16LE(at + 40) : 0;
    folder.count(name);
    if (name.endsWith("/")) folder.directory(name);
    else {
      const content = zipContent(bytes, at, { name, room: folder.room });
      if ((mode & KIND) === LINK) folder.link(name, content.toString("utf8"));
      else folder.file(name, content, mode);
    }
    at = entryAfter(bytes, at);
  }
}

/** The count that the archive tells has 16 bits, and tools let it overflow:
 * the directory itself says how many there are. */
function entriesOf(bytes, { at: start, end }) {
  let entries = 0;
  let unpacked = 0;
  let at = start;
  for (; bytes.readUInt32LE(at) === ENTRY; at = entryAfter(bytes, at)) {
    entries++;
    unpacked += bytes.readUInt32LE(at + 24);
  }
  const told = bytes.readUInt16LE(end + 10);
  if (!ENDS.includes(bytes.readUInt32LE(at)) || (told !== (entries & MANY) && told !== MANY))
    throw new Refused("its directory is damaged");
  // Before the first is written. A size that is told too small is found when the entry is read.
  if (entries > MAX_ENTRIES) throw new Refused(`it has more than ${MAX_ENTRIES} entries`);
  if (unpacked > MAX_BYTES) throw new Refused(TOO_LARGE);
  return entries;
}

function entryAfter(bytes, at) {
  return at + 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
}

function zipContent(bytes, at, { name, room }) {
  if ((bytes.readUInt16LE(at + 8) & 1) !== 0) throw new Refused(`entry "${name}" is encrypted`);
  const method = bytes.readUInt16LE(at + 10);
  const size = bytes.readUInt32LE(at + 24);
  const local = bytes.readUInt32LE(at + 42);
  if (bytes.readUInt32LE(local) !== 0x04034b50) throw new Refused(`entry "${name}" has no header`);
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const packed = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
  if (method !== 0 && method !== 8) throw new Refused(`entry "${name}" uses compression method ${method}`);
  if (size > room) throw new Refused(TOO_LARGE);
  const content = method === 0 ? packed : inflate(zlib.inflateRawSync, packed, Math.min(room, size + 1));
  const sum = zlib.crc32 === undefined ? undefined : zlib.crc32(content);
  if (content.length !== size || (sum !== undefined && sum !== bytes.readUInt32LE(at + 16)))
    throw new Refused(`entry "${name}" is damaged`);
  return content;
}

function untar(bytes, folder) {
  const field = (from, length) => bytes.toString("utf8", from, from + length).replace(/\0[\s\S]*$/, "");
  let longName;
  let longLink;
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12).trim() || "0", 8);
    if (!Number.isSafeInteger(size) || size < 0) throw new Refused("it has an entry without a size");
    const content = bytes.subarray(at + 512, at + 512 + size);
    if (content.length !== size) throw new Refused("it ends early");
    const type = String.fromCharCode(bytes[at + 156] || 48);
    const prefix = field(at + 257, 5) === "ustar" && bytes[at + 263] === 48 ? field(at + 345, 155) : "";
    const name = longName ?? (prefix === "" ? field(at, 100) : `${prefix}/${field(at, 100)}`);
    const target = longLink ?? field(at + 157, 100);
    if (type === "x") {
      longName = pax(content, "path") ?? longName;
      longLink = pax(content, "linkpath") ?? longLink;
    } else if (type === "L") longName = content.toString("utf8").replace(/\0+$/, "");
    else if (type === "K") longLink = content.toString("utf8").replace(/\0+$/, "");
    else {
      longName = undefined;
      longLink = undefined;
      folder.count(name);
      if (type === "5") folder.directory(name);
      else if (type === "0") folder.file(name, content, Number.parseInt(field(at + 100, 8), 8));
      else if (type === "1") folder.copy(name, target);
      else if (type === "2") folder.link(name, target);
      else if (type !== "g") throw new Refused(`entry "${name}" is neither file, folder nor link`);
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** One value of a pax header: records are `<length> <key>=<value>\n`. */
function pax(content, key) {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? 0 : Number(content.toString("utf8", at, space));
    if (!(length > 0)) return undefined;
    const record = content.toString("utf8", space + 1, at + length - 1);
    if (record.startsWith(`${key}=`)) return record.slice(key.length + 1);
    at += length;
  }
  return undefined;
}

module.exports = { unpack };
