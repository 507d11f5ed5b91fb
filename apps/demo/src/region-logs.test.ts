import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RegionLogs, type RegionLogsOptions } from './region-logs.ts';

let parent: string;
let folder: string;
let printed: string[];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'anabranch-logs-'));
  folder = join(parent, 'logs');
  printed = [];
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const logs = (options: Partial<RegionLogsOptions> = {}): RegionLogs =>
  new RegionLogs({ folder, isVerbose: false, print: (line) => printed.push(line), ...options });
const record = (fields: object): string => JSON.stringify({ level: 'info', time: '2026-11-27T00:00:00.000Z', region: 'tokyo', ...fields });
const link = record({ event: 'link.established', peer: 'berlin' });

describe('the logs of the regions', () => {
  test('[DEMO10] show no character that a terminal obeys, whatever a region prints', () => {
    const all = logs();
    all.take('tokyo', record({ event: 'link.refused', level: 'error', reason: 'a\nberlin | forged \u001b[2J \u009b2J' }));
    all.take('tokyo', 'no record \u001b[31m');
    expect(printed.map((line) => line.slice(line.indexOf('|')))).toEqual([
      '| 00:00:00.000 ERROR link.refused reason=a\\u000aberlin | forged \\u001b[2J \\u009b2J',
      '| no record \\u001b[31m',
    ]);
  });

  test('[DEMO10] hold every line, and the terminal shows what people must look at', () => {
    const lines = [
      record({ event: 'region.starting' }),
      link,
      record({ event: 'region.ready', origin: 'tokyo.1' }),
      record({ event: 'epoch.renewed', level: 'error' }),
      'ended by itself (SIGKILL); starts again in 500 ms',
    ];
    const some = logs();
    for (const line of lines) some.take('tokyo', line);
    expect(readFileSync(join(folder, 'tokyo.log'), 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''));
    expect(printed.map((line) => line.slice('tokyo    | '.length))).toEqual([
      '00:00:00.000 region.ready origin=tokyo.1',
      '00:00:00.000 ERROR epoch.renewed',
      lines[4],
    ]);
  });

  test('[DEMO10] with --verbose are all on the terminal too', () => {
    logs({ isVerbose: true }).take('tokyo', link);
    expect(printed).toEqual(['tokyo    | 00:00:00.000 link.established peer=berlin']);
  });

  test('[DEMO10] go on after an earlier run, and a full file replaces the one before it', () => {
    for (let run = 0; run < 7; run++) logs({ fileBytesMax: 3 * (link.length + 1) }).take('tokyo', link);
    const linesIn = (file: string): number => readFileSync(join(folder, file), 'utf8').split('\n').length - 1;
    expect(readdirSync(folder).sort()).toEqual(['tokyo.log', 'tokyo.previous.log']);
    expect([linesIn('tokyo.previous.log'), linesIn('tokyo.log')]).toEqual([3, 1]);
  });

  test('[DEMO10] of a region whose file cannot be written are shown, and said to be', () => {
    writeFileSync(folder, 'in the way');
    const some = logs();
    some.take('tokyo', link);
    some.take('tokyo', link);
    expect(printed).toHaveLength(3);
    expect(printed[0]).toContain('its log cannot be written, and is shown here: ');
    expect(printed.slice(1)).toEqual(Array(2).fill('tokyo    | 00:00:00.000 link.established peer=berlin'));
  });
});
