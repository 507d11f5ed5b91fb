// Whether the local world could have its ports, told before anything is compiled for it: the usual reason is that it runs already.
// The program looks again, and has the last word (apps/demo/src/loopback-ports.ts).

import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

const portBaseDefault = 7100;
/** The page, and the three regions. */
const portCount = 4;

/**
 * The first port of the local world that is in use; undefined when none is, or the arguments name none.
 * @param {readonly string[]} args those of the program
 * @returns {Promise<number | undefined>}
 */
export async function takenPort(args) {
  const options = /** @type {const} */ ({ 'port-base': { type: 'string' }, help: { type: 'boolean', short: 'h' } });
  const { values } = parseArgs({ args: [...args], options, strict: false });
  const first = Number(values['port-base'] ?? portBaseDefault);
  if (values.help === true || !Number.isInteger(first) || first < 1 || first + portCount > 65_536) return undefined;
  for (let port = first; port < first + portCount; port++) if (!(await isFree(port))) return port;
  return undefined;
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
