import { expect, test } from 'vitest';
import { SeededRandom } from '../../simulator/seeded-random.ts';
import { VirtualClock } from '../../simulator/virtual-clock.ts';
import type { Message } from '../wire/message.ts';
import { Network } from './network.ts';
import { drawPartition } from './partitions.ts';
import { readTestOptions } from './test-options.ts';

/** A network of two nodes and a client, and what arrived when. */
function networkUnderTest(faults: { latencyMs: number; loss: number }) {
  const random = new SeededRandom(5);
  const clock = new VirtualClock(random.fork('clock'));
  const network = new Network({ clock, random: random.fork('network'), ...faults });
  const arrived: Array<{ at: string; value: unknown; ms: number }> = [];
  const arriveAt = (at: string) => (message: Message) => void arrived.push({ at, value: message.body['value'], ms: clock.monotonicMs() });
  for (const node of ['n0', 'n1']) network.addNode(node, arriveAt(node));
  network.addClient('c0', arriveAt('c0'));
  const send = (src: string, dest: string, value: unknown): void => network.send({ src, dest, body: { type: 'x', value } });
  return { clock, network, arrived, send };
}

test('[MAEL8] the network delays and reorders messages between nodes, loses the share it was told, and repeats none', async () => {
  const { clock, network, arrived, send } = networkUnderTest({ latencyMs: 20, loss: 0.25 });
  const count = 4_000;
  for (let value = 0; value < count; value++) send('n0', 'n1', value);
  await clock.advance(20 * Network.delayFactorMax);
  const values = arrived.map(({ value }) => Number(value));
  expect(new Set(values).size).toBe(values.length);
  expect(values).not.toEqual([...values].sort((a, b) => a - b));
  expect(Math.abs(values.length / count - 0.75)).toBeLessThan(0.03);
  expect(network.lostBetweenNodes).toBe(count - values.length);
  const meanMs = arrived.reduce((sum, { ms }) => sum + ms, 0) / arrived.length;
  expect(Math.abs(meanMs - 20)).toBeLessThan(2);
});

test('[MAEL8] a cut loses what would arrive in its direction, and nothing of clients', async () => {
  const { clock, network, arrived, send } = networkUnderTest({ latencyMs: 10, loss: 0 });
  send('n0', 'n1', 'sent before the cut');
  network.cut([['n0', 'n1']]);
  send('n1', 'n0', 'the other way');
  send('c0', 'n1', 'asked');
  send('n1', 'c0', 'answered');
  await clock.advance(100);
  network.heal();
  send('n0', 'n1', 'healed');
  await clock.advance(100);
  expect(arrived.map(({ value }) => value)).toEqual(['asked', 'answered', 'the other way', 'healed']);
  network.clientLoss = 1;
  send('c0', 'n1', 'unheard');
  expect(arrived).toHaveLength(4);
  expect(() => send('n0', 'n7', 'nobody')).toThrow('there is no n7');
});

test('[MAEL8] partitions cut halves, one way, or around a bridge, and each kind is drawn', () => {
  const nodes = ['n0', 'n1', 'n2', 'n3', 'n4'];
  const kinds = new Set<string>();
  const random = new SeededRandom(11);
  for (let draw = 0; draw < 50; draw++) {
    const { kind, directions } = drawPartition(nodes, random);
    kinds.add(kind);
    const cuts = new Set(directions.map((direction) => direction.join(' ')));
    const touched = new Set(directions.flat());
    const isBothWays = directions.every(([from, to]) => cuts.has(`${to} ${from}`));
    expect(isBothWays).toBe(kind !== 'one way');
    expect(cuts.size).toBe({ halves: 12, 'one way': 6, bridge: 8 }[kind]);
    expect(touched.size).toBe(kind === 'bridge' ? 4 : 5);
  }
  expect(kinds.size).toBe(3);
  expect(drawPartition(['n0', 'n1'], random).directions.length).toBeGreaterThan(0);
});

test('[MAEL8] the driver refuses arguments that make no sense', () => {
  expect(readTestOptions(['--workload', 'g-set', '--time-limit', '3'], 9)).toMatchObject({
    workload: 'g-set',
    timeLimitMs: 3_000,
    seed: 9,
  });
  const wrong = [
    [],
    ['--workload', 'kafka'],
    ['--workload', 'g-set', '--nodes', '0'],
    ['--workload', 'g-set', '--loss', ''],
    ['--what', '1'],
  ];
  for (const args of [...wrong, ['--workload', 'g-set', '--nemesis', 'kill']])
    expect(() => readTestOptions(args, 1), args.join(' ')).toThrow();
});
