import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AnabranchError } from '@anabranch/base';
import { readPortBase, readStartOptions, type StartOptions } from '../start-options.mjs';

const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));

export interface DemoOptions extends Omit<StartOptions, 'data'> {
  /** Absolute. */
  readonly dataDir: string;
}

/** @throws AnabranchError `config_invalid` naming the flag. */
export function parseDemoOptions(args: readonly string[], workingDir: string): DemoOptions {
  const { data, ...options } = orInvalid(() => readStartOptions(args));
  return { ...options, dataDir: data === undefined ? join(projectRoot, '.anabranch', 'demo') : resolve(workingDir, data) };
}

/** @throws AnabranchError `config_invalid` */
export function parsePortBase(text: string): number {
  return orInvalid(() => readPortBase(text));
}

function orInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new AnabranchError('config_invalid', error instanceof Error ? error.message : 'the flags could not be read');
  }
}
