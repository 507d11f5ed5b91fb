// A process to be killed: commits batches to the store in a directory for ever, or as many as it is told, and writes a
// line to standard output for each that was acknowledged. The tests hold those lines against what they find in the store.
//
//   node crash-writer.js DIRECTORY BATCHES UNDER_WAY
//
// Lines: "opened", "acked POSITION", "failed CODE".

import { writeSync } from 'node:fs';
import { isAnabranchError, silentLogger } from '@anabranch/base';
import { openLmdbStore } from '../open-store.ts';
import { continueBatches } from './crash-batches.ts';

const [directory = '', batches = '', underWay = ''] = process.argv.slice(2);
const store = await openLmdbStore({ directory, logger: silentLogger });
const next = continueBatches(store.opening().lastPosition);
let left = Number(batches);
print('opened');
await Promise.all(Array.from({ length: Number(underWay) }, writeBatches));
await store.close();

async function writeBatches(): Promise<void> {
  while (left-- > 0) {
    const batch = next();
    try {
      await store.commit(batch);
      print(`acked ${batch.ops?.at(-1)?.position}`);
    } catch (error) {
      print(`failed ${isAnabranchError(error) ? error.code : error}`);
    }
  }
}

/** Synchronous and unbuffered: the line is out before anything else happens. */
function print(line: string): void {
  writeSync(process.stdout.fd, `${line}\n`);
}
