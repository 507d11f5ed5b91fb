// A text area bound to one Y.Text, and the people who have it open. The address names the region, document and person:
// ?region=ws://...&document=notes/a&name=Ada

import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const parameter = (name) => new URLSearchParams(location.search).get(name);
const area = document.querySelector('textarea');
const status = document.querySelector('[role=status]');
const people = document.querySelector('ul');

const doc = new Y.Doc();
const text = doc.getText('body');
const provider = new WebsocketProvider(`${parameter('region')}/v1/sync/yjs`, parameter('document'), doc, { disableBc: true });
const { awareness } = provider;

provider.on('sync', (isSynced) => {
  status.textContent = isSynced ? 'synced' : 'connecting';
});

// What others write: the area keeps its selection.
text.observe(({ delta, transaction }) => {
  if (transaction.origin === area) return;
  let index = 0;
  for (const { retain = 0, insert = '', delete: deleted = 0 } of delta) {
    index += retain;
    area.setRangeText(insert, index, index + deleted, 'preserve');
    index += insert.length;
  }
});

// What is written here: the part between the common beginning and end.
area.addEventListener('input', () => {
  const [before, after] = [text.toString(), area.value];
  const lengthMin = Math.min(before.length, after.length);
  let start = 0;
  while (start < lengthMin && before[start] === after[start]) start++;
  let end = 0;
  while (end < lengthMin - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  doc.transact(() => {
    text.delete(start, before.length - start - end);
    text.insert(start, after.slice(start, after.length - end));
  }, area);
});

document.addEventListener('selectionchange', () => awareness.setLocalStateField('cursor', area.selectionStart));
awareness.setLocalStateField('name', parameter('name'));
awareness.on('change', () => {
  const lines = [...awareness.getStates().values()].map(({ name, cursor }) => {
    const line = document.createElement('li');
    line.textContent = `${name} at ${cursor}`;
    return line;
  });
  people.replaceChildren(...lines);
});
