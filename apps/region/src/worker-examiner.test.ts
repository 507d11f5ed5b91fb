// The thread that examines large updates, with real threads: one that answers, one that never does, one that dies.

import { isAnabranchError, silentLogger } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import type { InspectionCase } from '@anabranch/crdt';
import { afterEach, describe, expect, test } from 'vitest';
import { examinerLimits, WorkerExaminer } from './worker-examiner.ts';

/** A script that answers each case: `hang` never, `die` with an end, anything else with the thread and the text. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads';
    parentPort.on('message', ({ update }) => {
      const text = new TextDecoder().decode(update);
      if (text === 'die') throw new Error('out of something');
      if (text !== 'hang') parentPort.postMessage({ isSound: false, code: 'update_invalid', message: threadId + ' ' + text });
    });
  `)}`,
);

const caseOf = (text: string, bytes = 1): InspectionCase => ({
  state: new Uint8Array(bytes),
  actor: 'aa',
  isTyped: false,
  update: new TextEncoder().encode(text),
});

let clock: ManualClock;
let examiner: WorkerExaminer;

function open(): void {
  clock = new ManualClock();
  examiner = new WorkerExaminer({ clock, logger: silentLogger, script });
}

afterEach(() => examiner.stop());

/** What became of a case: the code of a refusal, or the thread and the text of the answer. */
async function outcome(examined: Promise<unknown>): Promise<string> {
  try {
    return String(Reflect.get(Object(await examined), 'message'));
  } catch (error) {
    return isAnabranchError(error) ? error.code : String(error);
  }
}

describe('the thread that examines large updates', () => {
  test('[GUARD10] answers one case after the other, in order, in one thread', async () => {
    open();
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => outcome(examiner.examine(caseOf(text)))));
    const [thread] = (answers[0] ?? '').split(' ');
    expect(answers).toEqual(['a', 'b', 'c'].map((text) => `${thread} ${text}`));
  });

  test('[GUARD10] a case that takes too long is refused, and the next one gets a new thread', async () => {
    open();
    const first = await outcome(examiner.examine(caseOf('a')));
    const hanging = outcome(examiner.examine(caseOf('hang')));
    const next = outcome(examiner.examine(caseOf('b')));
    expect(clock.pendingCount).toBe(1);
    clock.advance(examinerLimits.examineMsMax);
    expect(await hanging).toBe('request_too_large');
    expect(await next).toMatch(/ b$/);
    expect((await next).split(' ')[0]).not.toBe(first.split(' ')[0]);
  });

  test('[GUARD10] a case that ends the thread is refused, and the next one gets a new thread', async () => {
    open();
    const [dying, next] = [outcome(examiner.examine(caseOf('die'))), outcome(examiner.examine(caseOf('b')))];
    expect(await dying).toBe('request_too_large');
    expect(await next).toMatch(/ b$/);
  });

  test('[GUARD10] when no thread can be started, every case is refused', async () => {
    clock = new ManualClock();
    examiner = new WorkerExaminer({ clock, logger: silentLogger, script: new URL('ftp://127.0.0.1/none.js') });
    const refused = await Promise.all(['a', 'b'].map((text) => outcome(examiner.examine(caseOf(text)))));
    expect(refused).toEqual(['request_too_large', 'request_too_large']);
  });

  test('[GUARD10] what waits is bounded, in cases and in bytes', async () => {
    open();
    const taken = Array.from({ length: examinerLimits.casesMax }, () => outcome(examiner.examine(caseOf('a'))));
    expect(await outcome(examiner.examine(caseOf('a')))).toBe('overloaded');
    await Promise.all(taken);
    const large = outcome(examiner.examine(caseOf('a', examinerLimits.caseBytesMax - 1)));
    expect(await outcome(examiner.examine(caseOf('a')))).toBe('overloaded');
    expect(await large).toMatch(/ a$/);
    expect(await outcome(examiner.examine(caseOf('a')))).toMatch(/ a$/);
  });

  test('[GUARD10] without work the thread ends, and comes back with the next case', async () => {
    open();
    const before = await outcome(examiner.examine(caseOf('a')));
    expect(clock.pendingCount).toBe(1);
    clock.advance(examinerLimits.idleMsMax);
    const after = await outcome(examiner.examine(caseOf('a')));
    expect(after.split(' ')[0]).not.toBe(before.split(' ')[0]);
  });

  test('[GUARD10] stopping refuses what waits', async () => {
    open();
    const [examined, waiting] = [outcome(examiner.examine(caseOf('hang'))), outcome(examiner.examine(caseOf('a')))];
    await examiner.stop();
    expect(await Promise.all([examined, waiting])).toEqual(['not_ready', 'not_ready']);
    expect(await outcome(examiner.examine(caseOf('a')))).toBe('not_ready');
    expect(clock.pendingCount).toBe(0);
  });
});
