// Edits by operations of a document that an editor is bound to: whatever the editor is just doing.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { expect, test } from 'vitest';
import { device, SharedStore } from '../testing/tabbed-device.ts';

const insert = [{ op: 'insert', path: '/text', index: 0, text: 'b' }] as const;

async function openNote() {
  const { store, open } = device();
  const client = await open(new SharedStore(store), true);
  const note = await client.open('notes', 'n', { startEmpty: true });
  const { yjs } = note;
  if (yjs === undefined) throw new AnabranchError('internal_error', 'a freeform document has a Y.Doc');
  /** What another program would read of the store. */
  const kept = async () => (await (await open(new SharedStore(store), true)).open('notes', 'n', { startEmpty: true })).value;
  return { client, note, yjs, kept };
}

test.each(['document', 'status'])('[CLIENT23] a listener of the %s may edit a document in answer to an editor', async (of) => {
  const { client, note, yjs, kept } = await openNote();
  const states: string[] = [];
  const answer = (): void => {
    end();
    states.push(note.edit(insert).state);
  };
  const end = of === 'document' ? note.subscribe(answer) : client.onStatus(answer);
  yjs.getText('text').insert(0, 'a');
  expect([states, note.value]).toEqual([['applied'], { text: 'ba' }]);
  expect((await client.pendingWrites()).map(({ described }) => described[0]?.ops)).toEqual(['', JSON.stringify(insert)]);
  expect(await kept()).toEqual({ text: 'ba' });
});

test.each(['observe', 'update', 'transact'])('[CLIENT22] an edit while an editor writes (%s) is said to be impossible', async (from) => {
  const { client, note, yjs, kept } = await openNote();
  const refused: unknown[] = [];
  const edit = (): void => {
    try {
      note.edit(insert);
    } catch (error) {
      refused.push(isAnabranchError(error) ? error.code : error);
    }
  };
  const text = yjs.getText('text');
  if (from === 'observe') text.observe(edit);
  if (from === 'update') yjs.on('update', edit);
  yjs.transact(() => {
    text.insert(0, 'a');
    if (from === 'transact') edit();
  });
  expect([refused, note.value]).toEqual([['op_invalid'], { text: 'a' }]);
  expect(await client.pendingWrites()).toHaveLength(1);
  expect(await kept()).toEqual({ text: 'a' });
});

test('[CLIENT4] an editor that is bound to an empty text is told what operations write to it, and goes on', async () => {
  const { note, yjs, kept } = await openNote();
  const text = yjs.getText('text');
  const seen: string[] = [];
  text.observe(() => seen.push(text.toString()));
  note.edit(insert);
  text.insert(1, '!');
  expect([seen, note.value, yjs.getText('text') === text]).toEqual([['b', 'b!'], { text: 'b!' }, true]);
  expect(await kept()).toEqual({ text: 'b!' });
});

test('[CLIENT2] a transaction is not refused in part: observers of one document change none of the others meanwhile', async () => {
  const { client, note, yjs } = await openNote();
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const refused: unknown[] = [];
  yjs.getText('text').observe(() => {
    try {
      cart.edit([{ op: 'increment', path: '/qty', by: Number.MAX_SAFE_INTEGER }]);
    } catch (error) {
      refused.push(isAnabranchError(error) ? error.code : error);
    }
  });
  const write = client.transact([
    { document: cart, ops: [{ op: 'increment', path: '/qty', by: 5 }] },
    { document: note, ops: insert },
  ]);
  await write.when('saved');
  expect([refused, note.value, cart.value]).toEqual([['op_invalid'], { text: 'b' }, { qty: 5 }]);
  cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
  expect(cart.value).toEqual({ qty: 6 });
});
