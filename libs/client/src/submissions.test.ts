// Submissions that a region cannot do, or cannot show.

import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from './index.ts';
import type { HttpAnswer, HttpRequest } from './ports.ts';
import { platformOf, ScriptedRegion } from './testing/scripted-regions.ts';

const collections = { depots: { library: 'yjs', schema: schema.object({ stock: schema.boundedCounter({ min: 0 }) }) } } as const;
const restock = [{ document: 'depots/berlin', ops: [{ op: 'increment', path: '/stock', by: 5 }] }] as const;
const done = { status: 200, text: '{"opId":"tokyo.5f0c12ab90de:7","documents":{"depots/berlin":{"stock":5}}}' };
const problem = (code: string, details = {}) => ({ status: 500, text: JSON.stringify({ code, detail: code, ...details }) });

type Answer = Pick<HttpAnswer, 'status' | 'text'>;

/** A client in berlin, whose submissions are answered by region; and what was asked. */
async function clientOf(answers: Readonly<Record<string, Answer | (() => Promise<Answer>)>>, names = ['berlin', 'tokyo'], away?: string) {
  const regions = names.map((name) => new ScriptedRegion(name));
  // How far each is, is another matter than the order in which they are named.
  const platform = platformOf([...regions].sort((a, b) => (a.name < b.name ? -1 : 1)));
  const asked: (readonly [host: string, key: string | undefined])[] = [];
  const sendHttp = async (request: HttpRequest) => {
    const { host } = new URL(request.url);
    if (host === away) throw new Error('no way');
    if (request.method === 'GET') return platform.sendHttp(request);
    asked.push([host, request.headers['idempotency-key']]);
    const answer = answers[host] ?? done;
    return { ...(typeof answer === 'function' ? await answer() : answer), header: () => undefined };
  };
  const options = { regions: regions.map(({ name, url }) => ({ name, url })), collections };
  const client = await Client.create(options, { platform: { ...platform, sendHttp }, store: new MemoryStore() });
  onTestFinished(() => client.close());
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'online', region: 'berlin' }));
  return { client, asked };
}

test.each(['record_damaged', 'document_quarantined'])('[CLIENT16] one that a region answers with %s is done in another', async (code) => {
  const { client, asked } = await clientOf({ 'berlin.example': problem(code) });
  const keys: string[] = [];
  const submitted = await client.submit(restock, { onRetryKey: (key) => void keys.push(key) });
  expect(submitted).toMatchObject({ opId: 'tokyo.5f0c12ab90de:7', documents: { 'depots/berlin': { stock: 5 } } });
  expect(asked.map(([host]) => host)).toEqual(['berlin.example', 'tokyo.example']);
  expect(keys).toEqual([`berlin|${asked[0]?.[1]}`, `tokyo|${asked[1]?.[1]}`]);
  expect(asked[0]?.[1]).not.toBe(asked[1]?.[1]);
});

test('[CLIENT16] no other region is asked for what one refused otherwise, for a repetition, or when the client is to stay', async () => {
  const refused = await clientOf({ 'berlin.example': problem('op_invalid') });
  await expect(refused.client.submit(restock)).rejects.toMatchObject({ code: 'op_invalid' });
  const { client, asked } = await clientOf({ 'berlin.example': problem('record_damaged') });
  await expect(client.submit(restock, { retryKey: 'berlin|before' })).rejects.toMatchObject({ code: 'record_damaged' });
  client.moveTo('berlin');
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'online', wantedRegion: 'berlin' }));
  await expect(client.submit(restock)).rejects.toMatchObject({ code: 'record_damaged' });
  expect([...refused.asked, ...asked].map(([host]) => host)).toEqual(['berlin.example', 'berlin.example', 'berlin.example']);
});

test.each<[string, (client: Client<typeof collections>) => unknown]>([
  ['closed', (client) => client.close()],
  ['switched off', (client) => client.goOffline()],
  ['told to stay', (client) => client.moveTo('berlin')],
])('[CLIENT30] no other region is asked for one once the client was %s', async (_, act) => {
  let answer: (given: Answer) => void = () => {};
  const berlin = (): Promise<Answer> =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const { client, asked } = await clientOf({ 'berlin.example': berlin });
  const submitting = client.submit(restock);
  const refusal = expect(submitting).rejects.toMatchObject({ code: 'record_damaged' });
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  await act(client);
  answer(problem('record_damaged'));
  await refusal;
  expect(asked.map(([host]) => host)).toEqual(['berlin.example']);
});

test('[CLIENT16] after a damaged region the nearest of the others is asked, and none that is known to be out of reach', async () => {
  const berlin = { 'berlin.example': problem('record_damaged') };
  const { client, asked } = await clientOf(berlin, ['berlin', 'tokyo', 'paris', 'lima'], 'lima.example');
  const known = { berlin: true, tokyo: true, paris: true, lima: false };
  await vi.waitFor(() =>
    expect(Object.fromEntries(client.status.regions.map(({ name, isReachable }) => [name, isReachable]))).toEqual(known),
  );
  expect(await client.submit(restock)).toMatchObject({ opId: expect.anything() });
  expect(asked.map(([host]) => host)).toEqual(['berlin.example', 'paris.example']);
});

test('[CLIENT16] when no time is left for another region, what the damaged one said is said', async () => {
  const { client, asked } = await clientOf({ 'berlin.example': problem('record_damaged') });
  const keys: string[] = [];
  const options = { timeoutMs: 199, onRetryKey: (key: string) => void keys.push(key) };
  await expect(client.submit(restock, options)).rejects.toMatchObject({ code: 'record_damaged' });
  expect([asked.length, keys.length]).toEqual([1, 1]);
});

test('[CLIENT16] when every region has a damaged copy, that is said', async () => {
  const { client, asked } = await clientOf({ 'berlin.example': problem('record_damaged'), 'tokyo.example': problem('record_damaged') });
  await expect(client.submit(restock)).rejects.toMatchObject({ code: 'record_damaged' });
  expect(asked).toHaveLength(2);
});

test('[CLIENT16] one that was done before, and cannot be shown any more, is done', async () => {
  const { client, asked } = await clientOf({ 'berlin.example': problem('view_unavailable', { opId: 'berlin.5f0c12ab90de:3' }) });
  const again = { retryKey: 'berlin|before' };
  expect(await client.submit(restock, again)).toEqual({ opId: 'berlin.5f0c12ab90de:3', documents: {}, isConcernMet: true });
  for (const [writeConcern, isConcernMet] of [
    ['all', false],
    ['majority; timeout=500ms', false],
    ['local', true],
    [' local ;timeout=500ms', true],
  ] as const) {
    expect(await client.submit(restock, { ...again, writeConcern })).toMatchObject({ isConcernMet });
  }
  expect(asked).toHaveLength(5);
});

test.each([
  ['nothing was done', { ...problem('not_ready'), status: 503 }, { code: 'client_closed' }],
  ['what became of it is unknown', undefined, { code: 'outcome_unknown', details: { cause: 'client_closed' } }],
])('[CLIENT30] no region is asked again for one once the client is closed, which says that %s', async (_, answer, refusal) => {
  const { client, asked } = await clientOf({
    'berlin.example': () => (answer ? Promise.resolve(answer) : Promise.reject(new Error('cut'))),
  });
  const refused = expect(client.submit(restock, { timeoutMs: 600_000 })).rejects.toMatchObject(refusal);
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  await client.close();
  await refused;
  expect(asked).toHaveLength(1);
});
