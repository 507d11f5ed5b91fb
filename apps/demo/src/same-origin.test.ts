import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemAnswers } from './problem.ts';
import { sameOriginOnly } from './same-origin.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe('the door of the demo', () => {
  let server: Server;
  let port: number;
  const defects: unknown[] = [];

  beforeEach(async () => {
    defects.length = 0;
    const app = express();
    app.use(sameOriginOnly(() => port));
    app.all('/defect', () => {
      throw new Error('secret');
    });
    app.all('/refused', () => {
      throw new AnabranchError('method_not_allowed', 'no', { allow: ['GET'] });
    });
    app.all('/{*path}', (_request, response) => void response.json({ done: true }));
    app.use(problemAnswers((error) => defects.push(error)));
    server = createServer(app);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  /** fetch would not let a test choose Host, Origin or Sec-Fetch-Site. */
  function send(method: string, headers: Record<string, string>, path = '/'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path, method, headers: { connection: 'close', ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      sent.on('error', reject).end();
    });
  }

  test('[DEMO2] its own page, and programs, may change things', async () => {
    for (const own of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      expect(await send('POST', { origin: own })).toMatchObject({ status: 200 });
    }
    expect(await send('POST', {})).toMatchObject({ status: 200 });
    expect(await send('POST', { host: `localhost:${port}`, 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 });
  });

  test('[DEMO2] other sites may not, whatever they do about their name', async () => {
    const attempts: Array<[string, Record<string, string>]> = [
      ['POST', { origin: 'https://elsewhere.example' }],
      ['POST', { origin: 'null' }],
      ['PUT', { origin: `http://127.0.0.1:${port + 1}` }],
      ['POST', { 'sec-fetch-site': 'cross-site' }],
      ['POST', { 'sec-fetch-site': 'same-site' }],
      ['GET', { host: `elsewhere.example:${port}` }],
      ['POST', { host: `elsewhere.example:${port}`, origin: `http://elsewhere.example:${port}` }],
      ['GET', { host: '127.0.0.1' }],
    ];
    for (const [method, headers] of attempts) {
      const answer = await send(method, headers);
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'origin_not_allowed', status: 403 });
    }
  });

  test('[DEMO2] failures are problem details with codes, and a defect shows nothing of itself', async () => {
    const defect = await send('GET', {}, '/defect');
    expect(defect.status).toBe(500);
    expect(JSON.parse(defect.body)).toMatchObject({ type: 'urn:anabranch:error:internal_error', code: 'internal_error' });
    expect(defect.body).not.toContain('secret');
    expect(defects).toHaveLength(1);

    expect(JSON.parse((await send('GET', {}, '/refused')).body)).toMatchObject({ code: 'method_not_allowed', allow: ['GET'] });
  });
});
