// Which connection speaks to which kind of broker, and why its certificate is refused.

import { certificateFault } from "./certificate-fault.ts";
import type { BrokerConnection, ConnectBroker } from "./connection.ts";

export const connectBroker: ConnectBroker = async (dialling) => {
  try {
    return await connect(dialling);
  } catch (error) {
    const { url, ca } = dialling.settings;
    const fault = certificateFault(error, { hostname: new URL(url).hostname, hasAuthority: ca !== undefined });
    throw fault === null ? error : new Error(fault, { cause: error });
  }
};

/** A protocol is loaded with the first broker that speaks it: most hosts hold none of them. */
async function connect({ settings, ...dialling }: Parameters<ConnectBroker>[0]): Promise<BrokerConnection> {
  switch (settings.kind) {
    case "mqtt": {
      const { connectMqtt } = await import("./mqtt-connection.ts");
      return connectMqtt({ ...dialling, settings });
    }
    case "nats": {
      const { connectNats } = await import("./nats-connection.ts");
      return connectNats({ ...dialling, settings });
    }
  }
}
