// The thread that examines what would hold up the region (worker-examiner.ts): one case in, one finding out. Whatever is
// thrown here ends the thread, and the case with it.

import { parentPort } from 'node:worker_threads';
import { examineUpdate, type InspectionCase } from '@anabranch/crdt';
import { inflateRaw } from '@anabranch/system';

parentPort?.on('message', (inspectionCase: InspectionCase) => {
  parentPort?.postMessage(examineUpdate(inspectionCase, inflateRaw));
});
