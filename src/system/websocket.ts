// The package `websocket`: a message to whoever listens at a WebSocket address.

import type { SystemPackage } from "./system-package.ts";

/** `websocket` of OpenWhisk's catalog. The client is of Node's own parts, so that it runs on every version. */
export const WEBSOCKET: SystemPackage = {
  name: "websocket",
  notes: {
    description: "Speaks with WebSockets",
    parameters: [{ name: "uri", required: true, bindTime: true, description: "The address: ws:// or wss://" }],
  },
  actions: {
    send: {
      notes: {
        description: "Sends a message to a WebSocket",
        parameters: [
          { name: "uri", required: true, description: "The address: ws:// or wss://" },
          { name: "payload", required: true, description: "The message; what is no text is sent as JSON" },
        ],
        sampleInput: { uri: "ws://example.com/socket", payload: "hello" },
        sampleOutput: { payload: "hello" },
      },
      code: `const { createHash, randomBytes } = require("node:crypto");

const TEXT = 1;
const CLOSE = 8;

function main({ uri, payload }) {
  if (!uri) return { error: "You must specify a uri parameter." };
  if (!payload) return { error: "You must specify a payload parameter." };
  if (!URL.canParse(uri) || !/^wss?:$/.test(new URL(uri).protocol)) return { error: "Invalid URL: " + uri };
  const address = new URL(uri);
  const isSecure = address.protocol === "wss:";
  address.protocol = isSecure ? "https:" : "http:";
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return new Promise((resolve) => {
    const give = (error) => resolve({ error });
    const key = randomBytes(16).toString("base64");
    const request = require(isSecure ? "node:https" : "node:http").request(address, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": key,
      },
    });
    request.setTimeout(30000, () => {
      request.destroy(new Error("Did not establish websocket connection to " + uri + " in a timely manner."));
    });
    request.on("error", (error) => give(error.message));
    request.on("response", ({ statusCode }) => {
      give("Unexpected server response: " + statusCode);
      request.destroy();
    });
    request.on("upgrade", (answer, socket) => {
      socket.on("error", (error) => give(error.message));
      const proof = createHash("sha1").update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
      if (answer.headers["sec-websocket-accept"] !== proof) {
        give("Invalid Sec-WebSocket-Accept header");
        return socket.destroy();
      }
      socket.resume();
      console.log("Sending payload: " + text);
      socket.write(frame(TEXT, Buffer.from(text)));
      socket.write(frame(CLOSE, Buffer.from([3, 232])), () => {
        console.log("Send was successful.");
        resolve({ payload });
      });
      // The other side has a moment to say good-bye.
      setTimeout(() => socket.destroy(), 1000).unref();
      socket.on("end", () => socket.end());
    });
    request.end();
  });
}

// One whole frame; what a client sends is masked.
function frame(opcode, body) {
  const mask = randomBytes(4);
  const masked = Buffer.from(body.map((byte, at) => byte ^ mask[at % 4]));
  let head;
  if (body.length < 126) head = Buffer.from([0x80 | opcode, 0x80 | body.length]);
  else if (body.length < 65536) {
    head = Buffer.from([0x80 | opcode, 0x80 | 126, 0, 0]);
    head.writeUInt16BE(body.length, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([head, mask, masked]);
}
`,
    },
  },
};
