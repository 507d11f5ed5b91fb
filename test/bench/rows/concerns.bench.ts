// What a demand costs beyond local speed: writes and reads of `majority` over links of several delays, one after the other, and
// reads with a session token against reads without.

import { LinkProxy } from '@anabranch/netfault';
import { documentIdOf } from '@anabranch/protocol';
import type { Measure, Measurement } from '../bench-row.ts';
import { percentile } from '../statistics.ts';
import { benchPorts } from '../world/bench-replica.ts';
import { LinkedPair } from '../world/linked-pair.ts';

/** One way. */
const delaysMs = [0, 20, 80];
const cart = documentIdOf('carts', 'concerns');

export const measure: Measure = async ({ folder, isQuick }) => {
  const proxies: LinkProxy[] = [];
  const pair = await LinkedPair.open(folder, async (port) => {
    const { clock, random } = benchPorts;
    const proxy = await LinkProxy.listen({ clock, random, listenPort: 0, target: { host: '127.0.0.1', port } });
    proxies.push(proxy);
    return proxy.port;
  });
  const results: Measurement[] = [];
  pair.link();
  for (const delayMs of delaysMs) {
    for (const proxy of proxies) proxy.change('both', { delayMs });
    const count = isQuick ? 20 : 100;
    results.push(await timed(`majority write, ${delayMs} ms each way`, count, () => writeToBoth(pair)));
    results.push(await timed(`majority read, ${delayMs} ms each way`, count, () => readFromBoth(pair)));
  }
  results.push(...(await sessionReads(pair, isQuick ? 5_000 : 50_000)));
  await pair.stop();
  for (const proxy of proxies) await proxy.close();
  return results;
};

async function writeToBoth({ newYork }: LinkedPair): Promise<void> {
  const { opId } = await newYork.edit({ document: cart, plan: () => [{ op: 'increment', path: '/items/tea/qty', by: 1 }] });
  if (opId === undefined) throw new Error('the edit changed nothing');
  const { isMet } = await newYork.writeConcerns.whenMet(opId, { target: 'majority', timeoutMs: 10_000 });
  if (!isMet) throw new Error('no majority acknowledged');
}

async function readFromBoth({ newYork }: LinkedPair): Promise<void> {
  await newYork.read(cart, { readConcern: { kind: 'majority' }, waitMsMax: 10_000 });
}

/** Alternating, so that both see the same machine. */
async function sessionReads({ newYork }: LinkedPair, count: number): Promise<Measurement[]> {
  const runs = { local: [] as number[], session: [] as number[] };
  for (let run = 0; run < 3; run++) {
    for (const kind of ['local', 'session'] as const) {
      const startMs = performance.now();
      for (let i = 0; i < count; i++) await newYork.read(cart, kind === 'local' ? {} : { minVersion: newYork.version });
      runs[kind].push((count * 1000) / (performance.now() - startMs));
    }
  }
  return (['local', 'session'] as const).map((kind) => ({ metric: `${kind} read`, unit: 'reads/s', better: 'more', runs: runs[kind] }));
}

/** The median of each third of the calls. */
async function timed(metric: string, count: number, act: () => Promise<void>): Promise<Measurement> {
  // The first settle the link on its new delay.
  for (let i = 0; i < 3; i++) await act();
  const runs: number[] = [];
  for (let third = 0; third < 3; third++) {
    const tookMs: number[] = [];
    for (let i = 0; i < Math.ceil(count / 3); i++) {
      const startMs = performance.now();
      await act();
      tookMs.push(performance.now() - startMs);
    }
    runs.push(percentile(tookMs, 0.5));
  }
  return { metric, unit: 'ms', better: 'less', runs };
}
