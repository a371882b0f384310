// Which connection speaks to which kind of broker, and why its certificate is refused.

import { certificateFault } from "./certificate-fault.ts";
import type { BrokerConnection, ConnectBroker } from "./connection.ts";
import { connectMqtt } from "./mqtt-connection.ts";
import { connectNats } from "./nats-connection.ts";

export const connectBroker: ConnectBroker = async (dialling) => {
  try {
    return await connect(dialling);
  } catch (error) {
    const { url, ca } = dialling.settings;
    const fault = certificateFault(error, { hostname: new URL(url).hostname, hasAuthority: ca !== undefined });
    throw fault === null ? error : new Error(fault, { cause: error });
  }
};

function connect({ settings, ...dialling }: Parameters<ConnectBroker>[0]): Promise<BrokerConnection> {
  switch (settings.kind) {
    case "mqtt":
      return connectMqtt({ ...dialling, settings });
    case "nats":
      return connectNats({ ...dialling, settings });
  }
}
