import { describe, expect, test } from 'vitest';
import { PinoLogger, type PinoLoggerOptions } from './index.ts';

function capture(options: Partial<PinoLoggerOptions> = {}): { logger: PinoLogger; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { logger: new PinoLogger({ level: 'info', destination, isPretty: false, ...options }), lines };
}

describe('the logger', () => {
  test('writes one JSON line per event, with the fields of every line', () => {
    const { logger, lines } = capture({ fields: { region: 'berlin' } });
    logger.info('link.opened', { peer: 'tokyo' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      region: 'berlin',
      event: 'link.opened',
      peer: 'tokyo',
    });
  });

  test('keeps quiet below its level', () => {
    const { logger, lines } = capture({ level: 'error' });
    logger.debug('a');
    logger.info('b');
    logger.error('c', { error: new Error('disk') });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '').error).toMatchObject({ type: 'Error', message: 'disk' });
  });

  test('redacts fields that could hold a secret', () => {
    const { logger, lines } = capture();
    const canary = 'canary-3f9a';
    logger.info('request', { token: canary, meshKey: canary, headers: { authorization: canary, 'anabranch-session': canary } });
    expect(lines.join()).not.toContain(canary);
    expect(lines.join()).toContain('[redacted]');
  });

  test('for people, writes time, level, event and fields, and lets no field forge a line', () => {
    const { logger, lines } = capture({ isPretty: true });
    logger.info('link.opened', { peer: 'tokyo', note: 'a\nERROR forged \u001b[2J' });
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}link\.opened peer=tokyo note="a\\nERROR forged \\u001b\[2J"\n$/);
  });

  test('for people, writes no character that a terminal obeys, nor one that turns the text around', () => {
    const { logger, lines } = capture({ isPretty: true });
    const error = new Error('a \u009b2J');
    logger.error('request.failed', { note: 'a \u009b2J \u007f \u2028 \u202e b', error });
    expect(lines[0]).toContain('note="a \\u009b2J \\u007f \\u2028 \\u202e b"');
    expect(lines[0]).toContain('Error: a \\u009b2J');
    expect(lines[0]).not.toMatch(/[\u007f-\u009f\u2028\u202e]/);
  });

  test('for people, shows the stack of an error', () => {
    const { logger, lines } = capture({ isPretty: true });
    logger.error('request.failed', { error: new Error('a defect') });
    expect(lines[0]).toContain('ERROR request.failed\n    Error: a defect\n');
  });
});
