export { inflateRaw } from './inflate-raw.ts';
export { NodeClock } from './node-clock.ts';
export { NodeHash } from './node-hash.ts';
export { NodeRandom } from './node-random.ts';
export { type LogLevel, logLevels, PinoLogger, type PinoLoggerOptions } from './pino-logger.ts';
export { printable } from './printable.ts';
export { type GaugeSample, PromMetrics } from './prom-metrics.ts';
