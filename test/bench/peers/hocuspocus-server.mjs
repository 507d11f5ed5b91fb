// A Hocuspocus server without extensions, on a free port of the loopback. It keeps documents in memory only.

import { Server } from '@hocuspocus/server';

const server = new Server({ address: '127.0.0.1', port: 0, quiet: true });
await server.listen();
process.send({ port: server.address.port });
process.on('disconnect', () => process.exit(0));
