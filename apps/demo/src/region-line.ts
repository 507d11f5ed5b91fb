import { styleText } from 'node:util';
import { printable } from '@anabranch/system';
import type { RegionName } from './world-plan.ts';

const colours = { 'new-york': 'cyan', berlin: 'yellow', tokyo: 'magenta' } as const;
const nameWidth = Math.max(...Object.keys(colours).map((name) => name.length));

/** Colours are for people at a terminal who have not asked for none (NO_COLOR). */
export const isColoured: boolean = process.stdout.isTTY === true && !process.env['NO_COLOR'];

/** A log line of a region for people: its name in front, in the colour of the region. */
export function regionLine(name: RegionName, line: string): string {
  return `${regionText(name, name.padEnd(nameWidth))} | ${printable(readable(line))}`;
}

/** Events that are shown though nobody need act on them. */
const shownEvents: ReadonlySet<unknown> = new Set(['region.ready']);

/** Whether a line is for people who do not ask for every line: errors, what is no log record, and that writes are taken. */
export function isForPeople(line: string): boolean {
  const record = parseObject(line);
  return record === undefined || record['level'] === 'error' || shownEvents.has(record['event']);
}

/** Text in the colour of a region. */
export function regionText(name: RegionName, text: string): string {
  return isColoured ? styleText(colours[name], text) : text;
}

/** Regions log JSON when they write to no terminal: event first, then the fields, without those that every line has. */
function readable(line: string): string {
  const record = parseObject(line);
  if (record === undefined) return line;
  const { level, time, event, region: _region, ...fields } = record;
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${String(time).slice(11, 23)} ${level === 'error' ? 'ERROR ' : ''}${String(event)}${facts.join('')}`;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'event' in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
