export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured logs with three levels: `error` = someone must look, `info` = a fact worth a line, `debug`. Events are
 * dotted names ("link.opened"), facts go into fields; never document content, tokens or keys.
 */
export interface Logger {
  error(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { error() {}, info() {}, debug() {} };
