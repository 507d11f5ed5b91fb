import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '@anabranch/region/node-flags';
import type { RegionName } from './world-plan.ts';

export interface RegionCommandOptions {
  readonly name: RegionName;
  readonly port: number;
  readonly dataPath: string;
  readonly configPath: string;
  readonly meshKeyPath: string;
  /** Its peers, by the local ports of the links to them; without a port, those that dial it. */
  readonly peers: ReadonlyArray<{ readonly name: RegionName; readonly port: number | undefined }>;
}

/** The arguments of Node for a region: its flags, the program, and the program's arguments. */
export function regionCommand(options: RegionCommandOptions): readonly string[] {
  const folder = dirname(fileURLToPath(import.meta.resolve('@anabranch/region/package.json')));
  const peers = options.peers.flatMap(({ name, port }) => ['--peer', port === undefined ? name : `${name}=ws://127.0.0.1:${port}/v1/link`]);
  return [
    ...[...nodeFlags, join(folder, 'dist/main.js'), 'region', '--name', options.name, '--listen', `127.0.0.1:${options.port}`],
    ...['--data', options.dataPath, '--config', options.configPath, '--mesh-key-file', options.meshKeyPath],
    ...peers,
  ];
}
