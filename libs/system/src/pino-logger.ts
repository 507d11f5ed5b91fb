// Logs as JSON lines, or as one readable line each when a person watches a terminal. Fields that could hold a secret are
// replaced by name, whatever the caller passes: a second line of defence behind "never log tokens or keys".

import type { LogFields, Logger } from '@anabranch/base';
import { type Logger as Pino, pino, stdSerializers } from 'pino';
import { formatLogLine } from './log-line.ts';

export const logLevels = ['error', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  /** Takes whole lines; process.stdout fits. */
  readonly destination: { write(line: string): void };
  /** Readable lines instead of JSON. */
  readonly isPretty: boolean;
  /** Fields of every line, for example the region. */
  readonly fields?: LogFields;
}

const secretNames = [
  'authorization',
  'cookie',
  'idempotencyKey',
  'meshKey',
  'password',
  'secret',
  'sessionToken',
  'token',
  'anabranch-session',
];

/** Field paths whose values never reach a log line, at the top and one level down. */
const redactedPaths = secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`]);

export class PinoLogger implements Logger {
  readonly #pino: Pino;

  constructor(options: PinoLoggerOptions) {
    const { destination } = options;
    this.#pino = pino(
      {
        level: options.level,
        base: options.fields ?? {},
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: stdSerializers.err },
        redact: { paths: redactedPaths, censor: '[redacted]' },
      },
      options.isPretty ? { write: (line: string) => destination.write(formatLogLine(line)) } : destination,
    );
  }

  error(event: string, fields: LogFields = {}): void {
    this.#pino.error(fields, event);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#pino.info(fields, event);
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, event);
  }
}
