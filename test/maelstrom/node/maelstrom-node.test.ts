import { AnabranchError, silentLogger } from '@anabranch/base';
import { NodeClock, NodeHash, NodeRandom } from '@anabranch/system';
import { expect, onTestFinished, test } from 'vitest';
import { errorCode } from '../wire/error-reply.ts';
import type { Body, Message } from '../wire/message.ts';
import type { Workload } from '../wire/workload.ts';
import { errorReplyOf } from './answer.ts';
import { MaelstromNode, type RegionRequest } from './maelstrom-node.ts';
import { readNodeOptions } from './node-options.ts';
import { openRegion } from './region.ts';
import { regionNames } from './region-names.ts';

const ports = { clock: new NodeClock(), random: new NodeRandom(), hash: new NodeHash(), logger: silentLogger };

/** A node without others, on a real store, and what it wrote. */
function nodeUnderTest(workload: Workload, library: 'yjs' | 'automerge' = 'yjs') {
  const written: Message[] = [];
  let isCongested = false;
  const node = new MaelstromNode({
    workload,
    logger: silentLogger,
    outlet: {
      send: (message) => void written.push(message),
      get isCongested() {
        return isCongested;
      },
    },
    openRegion: (request: RegionRequest) => openRegion({ ...request, library, ports }),
    onFailed: (cause) => {
      throw cause;
    },
  });
  onTestFinished(() => node.stop());
  let lastId = 0;
  const ask = async (body: Body): Promise<Body | undefined> => {
    const msg_id = ++lastId;
    await node.receive(JSON.stringify({ src: 'c1', dest: 'n1', body: { ...body, msg_id } }));
    const replies = written.filter((message) => message.body.in_reply_to === msg_id);
    expect(replies.length, JSON.stringify(body)).toBe(1);
    expect(replies[0]).toMatchObject({ src: 'n1', dest: 'c1' });
    const { msg_id: _own, in_reply_to: _theirs, ...reply } = replies[0]?.body ?? { type: 'nothing' };
    return reply;
  };
  const init = (nodes: readonly string[] = ['n1']) => ask({ type: 'init', node_id: 'n1', node_ids: nodes });
  const congest = (): void => {
    isCongested = true;
  };
  return { node, written, ask, init, congest };
}

test('[MAEL1] broadcast: values are acknowledged and read, each once, on both libraries', async () => {
  for (const library of ['yjs', 'automerge'] as const) {
    const { ask, init } = nodeUnderTest('broadcast', library);
    expect(await init()).toEqual({ type: 'init_ok' });
    expect(await ask({ type: 'topology', topology: { n1: [] } })).toEqual({ type: 'topology_ok' });
    expect(await ask({ type: 'read' })).toEqual({ type: 'read_ok', messages: [] });
    for (const message of [7, 'seven', { b: [null], a: 1 }, 7])
      expect(await ask({ type: 'broadcast', message })).toEqual({ type: 'broadcast_ok' });
    const reply = await ask({ type: 'read' });
    expect(reply?.['messages']).toHaveLength(3);
    expect(reply?.['messages']).toEqual(expect.arrayContaining([7, 'seven', { a: 1, b: [null] }]));
  }
});

test('[MAEL1] g-set and counters: adds are acknowledged, and reads stand under `value`', async () => {
  const set = nodeUnderTest('g-set');
  await set.init();
  expect(await set.ask({ type: 'add', element: 3 })).toEqual({ type: 'add_ok' });
  expect(await set.ask({ type: 'read' })).toEqual({ type: 'read_ok', value: [3] });
  for (const library of ['yjs', 'automerge'] as const) {
    const counter = nodeUnderTest('pn-counter', library);
    await counter.init();
    expect(await counter.ask({ type: 'read' })).toEqual({ type: 'read_ok', value: 0 });
    for (const delta of [5, -7, 0]) expect(await counter.ask({ type: 'add', delta })).toEqual({ type: 'add_ok' });
    expect(await counter.ask({ type: 'read' })).toEqual({ type: 'read_ok', value: -2 });
  }
});

test('[MAEL1] what was asked before the end of input is answered', async () => {
  const { node, written } = nodeUnderTest('g-set');
  const lines = [
    { type: 'init', msg_id: 1, node_id: 'n1', node_ids: ['n1'] },
    { type: 'read', msg_id: 2 },
  ];
  for (const body of lines) void node.receive(JSON.stringify({ src: 'c1', dest: 'n1', body }));
  await node.stop();
  expect(written.map(({ body }) => body)).toMatchObject([
    { type: 'error', code: errorCode.temporarilyUnavailable, in_reply_to: 2 },
    { type: 'init_ok', in_reply_to: 1 },
  ]);
});

test('[MAEL2] what a node does not take is refused for certain, and changes nothing', async () => {
  const { node, written, ask, init } = nodeUnderTest('g-counter');
  expect(await ask({ type: 'add', delta: 1 })).toMatchObject({ type: 'error', code: errorCode.temporarilyUnavailable });
  expect(await ask({ type: 'init', node_id: 'n1', node_ids: ['n2'] })).toMatchObject({ code: errorCode.malformedRequest });
  await init();
  expect(await init()).toMatchObject({ code: errorCode.abort });
  for (const type of ['broadcast', 'topology', 'cas'])
    expect(await ask({ type, message: 1 })).toMatchObject({ code: errorCode.notSupported });
  for (const delta of [undefined, null, '1', 0.5, -1, 2 ** 60]) {
    expect(await ask({ type: 'add', delta }), `${delta}`).toMatchObject({ code: errorCode.malformedRequest });
  }
  expect(await ask({ type: 'read' })).toEqual({ type: 'read_ok', value: 0 });
  const before = written.length;
  for (const line of ['', 'no message', '{"src":"c1","dest":"n1","body":{"type":"link","kind":"?"}}']) await node.receive(line);
  await node.receive('{"src":"c1","dest":"n1","body":{"type":"add_ok","in_reply_to":1}}');
  expect(written).toHaveLength(before);

  const set = nodeUnderTest('g-set');
  await set.init();
  expect(await set.ask({ type: 'add' })).toMatchObject({ code: errorCode.malformedRequest });
  expect(await set.ask({ type: 'add', element: 'x'.repeat(10_000) })).toMatchObject({ code: errorCode.abort });
  expect(await set.ask({ type: 'read' })).toEqual({ type: 'read_ok', value: [] });
});

test('[MAEL2] a failure that leaves open whether something was logged is indefinite', () => {
  const codeOf = (error: unknown): number => errorReplyOf(error).code;
  expect(codeOf(new AnabranchError('store_failed', 'the disk'))).toBe(errorCode.crash);
  expect(codeOf(new AnabranchError('store_full', 'the disk'))).toBe(errorCode.crash);
  expect(codeOf(new Error('a defect'))).toBe(errorCode.crash);
  expect(codeOf(new AnabranchError('overloaded', 'later'))).toBe(errorCode.temporarilyUnavailable);
  expect(codeOf(new AnabranchError('value_invalid', 'no'))).toBe(errorCode.abort);
});

test('[MAEL4] packets of links are dropped while nobody reads the output; replies are not', async () => {
  const { written, ask, init, congest } = nodeUnderTest('broadcast');
  congest();
  await init(['n1', 'n2']);
  // The dial's first packet has its turn before a later timer.
  await new Promise((resolve) => ports.clock.setTimer(20, () => resolve(undefined)));
  expect(await ask({ type: 'read' })).toMatchObject({ type: 'read_ok' });
  expect(written.filter(({ body }) => body.type === 'link')).toEqual([]);
});

test('[MAEL1] nodes become regions of valid, distinct names, the same on every node', () => {
  expect([...regionNames(['n1', 'n2'])]).toEqual([
    ['n1', 'n1'],
    ['n2', 'n2'],
  ]);
  expect([...regionNames(['Node 1', 'node-1', 'n'])].map(([, region]) => region)).toEqual(['node-0', 'node-1', 'node-2']);
});

test('[MAEL1] a node learns its workload from its arguments or its environment', () => {
  expect(readNodeOptions(['g-set'], {})).toEqual({ workload: 'g-set', library: 'yjs' });
  expect(readNodeOptions(['broadcast', '--library', 'automerge'], { ANABRANCH_MAELSTROM_WORKLOAD: 'g-set' })).toEqual({
    workload: 'broadcast',
    library: 'automerge',
  });
  const env = { ANABRANCH_MAELSTROM_WORKLOAD: 'pn-counter', ANABRANCH_MAELSTROM_LIBRARY: 'automerge' };
  expect(readNodeOptions([], env)).toEqual({ workload: 'pn-counter', library: 'automerge' });
  for (const args of [[], ['echo'], ['g-set', 'g-set'], ['g-set', '--library', 'other'], ['--what']]) {
    expect(() => readNodeOptions(args, {}), args.join(' ')).toThrow();
  }
});
