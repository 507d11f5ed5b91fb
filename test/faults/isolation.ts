// The tests of this folder cut networks, fill disks and mount file systems. They do so in namespaces of their own (network,
// mounts, processes) that `npm run test:faults` makes around all of them: the kernel takes everything in there away when
// the last of its processes is gone, whatever ended them.

import { readlinkSync } from 'node:fs';

/** What the machine's own network namespace is called, as `npm run test:faults` saw it from outside. */
const outerNamespace = process.env['ANABRANCH_FAULTS_OUTER_NETWORK'];

/** @throws when this process is not in namespaces of its own: what the tests do would hit the machine. */
export function requireIsolation(): void {
  if (outerNamespace !== undefined && outerNamespace !== readlinkSync('/proc/self/ns/net')) return;
  throw new Error('These tests change networks and mounts: start them with npm run test:faults, which isolates them.');
}
