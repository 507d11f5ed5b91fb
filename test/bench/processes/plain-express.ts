// What the durable write over REST is measured against: the least that an Express application with a JSON body parser does.

import type { AddressInfo } from 'node:net';
import express from 'express';

/** @returns the port it listens on. */
export async function open(): Promise<number> {
  const app = express();
  app.use(express.json());
  app.post('/', (_request, response) => {
    response.end();
  });
  const server = await new Promise<ReturnType<typeof app.listen>>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return (server.address() as AddressInfo).port;
}
