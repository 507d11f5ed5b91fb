import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { viewDocument } from './document-view.ts';
import { RegionClient } from './region-client.ts';

/** What the page shows of a region that gives this answer. */
async function reasonFor(status: number, body: string): Promise<unknown> {
  const server = createServer((_request, response) => void response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const view = await viewDocument(new RegionClient('berlin', `http://127.0.0.1:${port}`), 'carts', 'a b');
  server.closeAllConnections();
  server.close();
  return view;
}

describe('what a region refuses', () => {
  test('is shown in its own words', async () => {
    const problem = { code: 'document_id_invalid', detail: 'an id has no spaces' };
    expect(await reasonFor(400, JSON.stringify(problem))).toEqual({
      region: 'berlin',
      state: 'unanswered',
      reason: 'an id has no spaces',
    });
  });

  test.each(['<html>', '{}', '{"code":"of another service","detail":"x"}'])(
    'without problem details is shown by its status: %s',
    async (body) => {
      expect(await reasonFor(502, body)).toMatchObject({ reason: 'the region answered 502 without saying why' });
    },
  );
});
