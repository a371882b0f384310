// What breaks, and how. Victims are drawn when the fault strikes, among what there is then.

import type { ObjectNode } from "../platform/objects.ts";
import { bar } from "./barred.ts";
import type { SimHost } from "./host.ts";
import { changeMode } from "./moved.ts";
import { type FaultPlan, PAIR } from "./scenario.ts";
import type { World } from "./world.ts";

/** ms after which a scheduler sees that its line was cut. Later, and a ping up to 5 s older, the host looks dead before
 * the next process of it gets in: what its disk holds is then a late outcome, by rule. */
const CUT_SEEN = 2_000;

export function breakThings(world: World, faults: readonly FaultPlan[]): void {
  for (const plan of faults) {
    world.kernel.after(plan.at, null, () => {
      world.kernel.trace(`fault ${plan.fault}`);
      strike(world, plan);
    });
  }
}

function strike(world: World, plan: FaultPlan): void {
  const { kernel, network } = world;
  const [kind, how] = plan.fault.split("-") as [string, string];
  switch (plan.fault) {
    case "host-kill": {
      const host = draw(world.hosts, plan);
      host?.kill({ silent: plan.victim < 0.3 });
      kernel.after(plan.length, null, () => host?.start());
      return;
    }
    case "host-change": {
      // What is installed there changes; it is started again.
      const host = draw(world.hosts, plan);
      if (host === undefined) return;
      host.kinds = host.kinds === host.plan.kinds ? host.plan.kindsLater : host.plan.kinds;
      host.kill({ silent: false });
      kernel.after(plan.length, null, () => host.start());
      return;
    }
    case "host-slow":
      draw(world.hosts, plan)?.slow(plan.length);
      return;
    case "scheduler-mute": {
      const node = draw(world.nodes("scheduler"), plan);
      if (node !== undefined) node.mutedUntil = kernel.elapsed + plan.length;
      return;
    }
    case "host-twin": {
      // For a while a second process of the same host dials in, again and again.
      const host = draw(
        world.hosts.filter((each) => each.connected),
        plan,
      );
      const twin = host?.twin();
      kernel.after(plan.length, null, () => twin?.kill({ silent: false }));
      return;
    }
    case "shelf-down":
      loseShelf(world, plan);
      return;
    case "shelf-steps":
      // Whoever hands records over is lost again and again, at each step.
      for (let at = 0; at <= plan.length; at += 50 + plan.victim * 700)
        kernel.after(at, null, () => {
          for (const node of world.nodes("store")) node.crash("fault");
        });
      return;
    case "mode-change":
      changeMode(world, plan);
      return;
    case "namespace-bar":
      bar(world, plan);
      return;
    case "pair-crash": {
      // The host dies, and its scheduler before it has noticed.
      const host = draw(world.hosts, plan);
      host?.kill({ silent: true });
      kernel.after(plan.victim * PAIR, null, () => {
        for (const node of world.nodes("scheduler"))
          if (node.name.startsWith(`${host?.plan.name}/`)) node.crash("fault");
      });
      kernel.after(plan.length + PAIR, null, () => host?.start());
      return;
    }
    case "cut-kill": {
      // What the host says for a while reaches nobody; then it dies, and only its disk knows.
      const host = draw(world.hosts, plan);
      if (!host?.up || host.process === null) return;
      const objectWithin = CUT_SEEN;
      for (const socket of network.sockets(host.process)) network.cut(socket, { slow: true, objectWithin });
      kernel.after(plan.victim * PAIR, null, () => host.kill({ silent: false }));
      kernel.after(2 * PAIR, null, () => host.start());
      return;
    }
    case "container-hang": {
      const containers = draw(world.hosts, plan)?.containers;
      if (containers) containers.hangNext = true;
      return;
    }
    case "host-freeze":
      draw(world.hosts, plan)?.freeze(plan.length);
      return;
    case "host-drain":
      drain(world, draw(world.hosts, plan), plan.length);
      return;
    case "socket-cut":
    case "socket-half-open": {
      const socket = draw(network.sockets(), plan);
      if (socket !== undefined) network.cut(socket, { slow: plan.fault === "socket-half-open" });
      return;
    }
    case "composition-steps":
      // Lost again and again, at each step.
      for (let at = 0; at <= plan.length; at += 50 + plan.victim * 700)
        kernel.after(at, null, () => {
          for (const node of world.nodes("composition")) node.crash("fault");
        });
      return;
    case "isolate-loss":
    case "isolate-fire":
      world.loseIsolate();
      return;
    case "store-fire":
      for (const node of world.nodes("store")) node.crash("fault");
      return;
    case "platform-restart":
    case "platform-fire":
      restartPlatform(world);
      return;
    default: {
      const node = draw(world.nodes(kind as "store"), plan);
      if (node !== undefined) strikeObject(node, { how, length: plan.length });
    }
  }
}

/** The database or the bucket of records is down for a while. */
export function loseShelf({ kernel, shelves }: World, plan: Pick<FaultPlan, "at" | "length" | "victim">): void {
  const shelf = plan.victim < 0.5 ? "d1" : "r2";
  kernel.after(Math.max(0, plan.at - kernel.elapsed), null, () => shelves.down.add(shelf));
  kernel.after(Math.max(0, plan.at - kernel.elapsed) + plan.length, null, () => shelves.down.delete(shelf));
}

function strikeObject(node: ObjectNode, fault: { how: string; length: number }): void {
  if (fault.how === "crash") node.crash("fault");
  else if (fault.how === "hibernate") node.hibernate();
  else node.split(fault.length);
}

/** workerd is killed: every object, every isolate, every socket. */
export function restartPlatform(world: World): void {
  world.loseIsolate();
  for (const node of world.platform.nodes()) {
    if (node.previous?.alive) node.end("killed");
    node.crash("platform restart");
  }
}

function drain(world: World, host: SimHost | undefined, length: number): void {
  if (host === undefined) return;
  const { kernel, bindings, outside } = world;
  const scheduler = bindings.SCHEDULER.getByName(`${host.plan.name}/0`);
  let wanted = true;
  host.draining = true;
  const set = (): void => {
    kernel.owner = outside;
    const on = wanted;
    scheduler.drain(on).then(
      () => {
        if (on !== wanted) set();
        else host.draining = wanted;
      },
      () => kernel.after(500, outside, set),
    );
  };
  set();
  kernel.after(length, outside, () => {
    wanted = false;
    set();
  });
}

function draw<T>(list: readonly T[], plan: FaultPlan): T | undefined {
  return list[Math.floor(plan.victim * list.length)];
}
