// The options of `npm start` and the ports of the local world. A fresh clone reads them before anything is installed or
// compiled (infra/scripts/start.mjs), the program reads them again (src/demo-options.ts).
//
// Invariant 1: only what Node brings is used here. The types are in start-options.d.mts, for lack of a compiler.

import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

/** The regions, in the order of their ports. */
export const regionNames = /** @type {const} */ (['new-york', 'berlin', 'tokyo']);

/** The page has the port at the base, the regions those above it. */
export const portCount = regionNames.length + 1;
const portBaseDefault = 7100;
const portBaseMin = 1024;
const portBaseMax = 65_536 - portCount;

export const usage = `Runs a small world on this machine: three regions, faulty links between them, and pages to watch and break them.

  npm start -- [--port-base N] [--data DIR] [--fresh] [--verbose]

  --port-base N   pages at N, new-york at N+1, berlin at N+2, tokyo at N+3 (default ${portBaseDefault}; 0 picks free ports)
  --data DIR      where the world is kept between runs (default .anabranch/demo)
  --fresh         delete what an earlier run left there, and start empty
  --verbose       show every log line of the regions here, not only what must be looked at
  --help          show this text
`;

/** @param {readonly string[]} args */
export function readStartOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'port-base': { type: 'string' },
      data: { type: 'string' },
      fresh: { type: 'boolean' },
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.data === '') throw new Error('--data names a folder');
  return {
    portBase: readPortBase(values['port-base'] ?? String(portBaseDefault)),
    data: values.data,
    isFresh: values.fresh === true,
    isVerbose: values.verbose === true,
    isHelp: values.help === true,
  };
}

/** @param {string} text */
export function readPortBase(text) {
  const port = Number(text);
  const isUsable = /^\d{1,5}$/.test(text) && (port === 0 || (port >= portBaseMin && port <= portBaseMax));
  if (isUsable) return port;
  throw new Error(`--port-base is 0 or a number from ${portBaseMin} to ${portBaseMax}, not ${JSON.stringify(text)}`);
}

/** @param {number} first @param {number} count */
export async function firstTakenPort(first, count) {
  for (let port = first; port < first + count; port++) if (!(await isPortFree(port))) return port;
  return undefined;
}

/** Whether 127.0.0.1:`port` can be listened on now. @param {number} port @returns {Promise<boolean>} */
function isPortFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
