// One JSON log line as a line for people: time, level, event, then the fields as name=value. Text from outside keeps its
// JSON escapes, and gets those that JSON does not demand, so that a hostile field cannot move the cursor or forge a line.

import { printable } from './printable.ts';

const levelMarks: Readonly<Record<string, string>> = { error: 'ERROR', info: 'info ', debug: 'debug' };

/** `line` as written by the JSON logger, ending in a newline. */
export function formatLogLine(line: string): string {
  const record: unknown = JSON.parse(line);
  if (!isLogRecord(record)) return line;
  const { level, time, event, error, ...fields } = record;
  const head = `${time.slice(11, 23)} ${levelMarks[level] ?? level} ${event}`;
  const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${plainOrJson(value)}`);
  return `${head}${tail.join('')}${formatError(error)}\n`;
}

function plainOrJson(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : printable(JSON.stringify(value));
}

function formatError(error: unknown): string {
  if (error === undefined) return '';
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? error.stack : undefined;
  if (typeof stack !== 'string') return ` error=${printable(JSON.stringify(error))}`;
  return `\n${stack
    .split('\n')
    .map((row) => `    ${printable(JSON.stringify(row).slice(1, -1))}`)
    .join('\n')}`;
}

interface LogRecord {
  readonly level: string;
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

function isLogRecord(record: unknown): record is LogRecord {
  return (
    typeof record === 'object' &&
    record !== null &&
    ['level', 'time', 'event'].every((name) => typeof Reflect.get(record, name) === 'string')
  );
}
