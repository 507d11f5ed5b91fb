// Places that reach each other through this namespace as their router: each a network namespace with one address and one link,
// and the rules that drop packets between them.
//
//   test process --+-- 10.77.1.1 ---- 10.77.1.2  place
//     (router)     +-- 10.77.2.1 ---- 10.77.2.2  place
//                  +-- 10.77.3.1 ---- 10.77.3.2  place
//
// A drop is a rule of the receiving place for the address of the sending one, so it has one direction. Over TCP one
// direction is enough to stop both: acknowledgements are packets too. The test process reaches every place at all times.
//
//  1. A namespace lives as long as its holder, a process that ends when our end of its pipe closes, be it by our death.
//  2. Drops are what the last call of `partition` named, nothing else.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { requireIsolation } from './isolation.ts';

const subnets = '10.77';

export interface Place {
  readonly name: string;
  readonly address: string;
  /** The command in front of one that is to run there; it becomes that process, under the same id. */
  readonly enter: readonly string[];
}

/** Packets of `from` do not arrive at `to`. */
export interface Drop {
  readonly from: string;
  readonly to: string;
}

/** Both directions. */
export function between(a: string, b: string): readonly Drop[] {
  return [
    { from: a, to: b },
    { from: b, to: a },
  ];
}

export class FaultNetwork {
  readonly #places = new Map<string, Place>();
  readonly #holders: ChildProcess[] = [];
  /** By the names of their ends out here. */
  readonly #links: string[] = [];

  private constructor() {}

  static async create(names: readonly string[]): Promise<FaultNetwork> {
    requireIsolation();
    const network = new FaultNetwork();
    try {
      run('ip', 'link', 'set', 'lo', 'up');
      writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
      for (const [index, name] of names.entries()) await network.#addPlace(name, index);
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  place(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`the network has no place ${name}`);
    return place;
  }

  /** From now on exactly these drops are in force. */
  partition(drops: readonly Drop[]): void {
    for (const place of this.#places.values()) runIn(place, 'iptables', '--wait', '--flush', 'INPUT');
    for (const { from, to } of drops) {
      runIn(this.place(to), 'iptables', '--wait', '--append', 'INPUT', '--source', this.place(from).address, '--jump', 'DROP');
    }
  }

  heal(): void {
    this.partition([]);
  }

  /** Packets that were dropped since the last partition. */
  droppedPackets(): number {
    const counts = [...this.#places.values()].map((place) => {
      const rules = runIn(place, 'iptables', '--wait', '--list', 'INPUT', '--verbose', '--exact', '--numeric');
      return [...rules.matchAll(/^ *(\d+) +\d+ +DROP /gm)].reduce((sum, [, packets]) => sum + Number(packets), 0);
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Takes namespaces, links and rules away; what runs in a place must have ended. */
  async close(): Promise<void> {
    // First the links: the kernel takes a namespace apart some time after its last process, and their names must be free at once.
    for (const link of this.#links.splice(0)) run('ip', 'link', 'delete', link);
    await Promise.all(
      this.#holders.splice(0).map(async (holder) => {
        if (holder.exitCode !== null || holder.signalCode !== null) return;
        holder.stdin?.end();
        await once(holder, 'exit');
      }),
    );
    this.#places.clear();
  }

  async #addPlace(name: string, index: number): Promise<void> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo held && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#holders.push(holder);
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => failed(name))]);
    const subnet = `${subnets}.${index + 1}`;
    const place = { name, address: `${subnet}.2`, enter: ['nsenter', `--net=/proc/${holder.pid}/ns/net`] };
    this.#places.set(name, place);
    const link = `mesh-${index + 1}`;
    run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'mesh', 'netns', String(holder.pid));
    this.#links.push(link);
    run('ip', 'address', 'add', `${subnet}.1/24`, 'dev', link);
    run('ip', 'link', 'set', link, 'up');
    runIn(place, 'ip', 'address', 'add', `${place.address}/24`, 'dev', 'mesh');
    runIn(place, 'ip', 'link', 'set', 'mesh', 'up');
    runIn(place, 'ip', 'route', 'add', 'default', 'via', `${subnet}.1`);
  }
}

function failed(name: string): never {
  throw new Error(`no network namespace for ${name}: unshare --net failed`);
}

/** @throws when the command fails, with what it said. */
function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function runIn(place: Place, ...command: readonly string[]): string {
  const [first = '', ...rest] = [...place.enter, ...command];
  return run(first, ...rest);
}
