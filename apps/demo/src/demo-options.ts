import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AnabranchError } from '@anabranch/base';

export const usage = `Runs a small world on this machine: three regions, faulty links between them, and a page to watch and break them.

  npm start -- [--port-base N] [--data DIR] [--fresh]

  --port-base N   page at N, new-york at N+1, berlin at N+2, tokyo at N+3 (default 7100; 0 picks free ports)
  --data DIR      where the world is kept between runs (default .anabranch/demo)
  --fresh         delete what an earlier run left there, and start empty
  --help          show this text
`;

const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));
const portBaseMax = 65_532;

export interface DemoOptions {
  readonly portBase: number;
  readonly dataDir: string;
  readonly isFresh: boolean;
  readonly isHelp: boolean;
}

/** @throws AnabranchError `config_invalid` naming the flag. */
export function parseDemoOptions(args: readonly string[], workingDir: string): DemoOptions {
  const { values } = readFlags(args);
  return {
    portBase: parsePortBase(values['port-base'] ?? '7100'),
    dataDir: values.data === undefined ? join(projectRoot, '.anabranch', 'demo') : absolutePath(values.data, workingDir),
    isFresh: values.fresh === true,
    isHelp: values.help === true,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'port-base': { type: 'string' },
        data: { type: 'string' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new AnabranchError('config_invalid', error instanceof Error ? error.message : 'the flags could not be read');
  }
}

/** @throws AnabranchError `config_invalid` */
export function parsePortBase(text: string): number {
  const port = Number(text);
  const isUsable = /^\d{1,5}$/.test(text) && (port === 0 || (port >= 1024 && port <= portBaseMax));
  if (isUsable) return port;
  throw new AnabranchError('config_invalid', `--port-base is 0 or a number from 1024 to ${portBaseMax}, not ${JSON.stringify(text)}`);
}

function absolutePath(path: string, workingDir: string): string {
  if (path === '') throw new AnabranchError('config_invalid', '--data names a folder');
  return isAbsolute(path) ? path : resolve(workingDir, path);
}
