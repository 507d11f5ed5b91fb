// The options of a call, looked at before anything is done: an application in JavaScript has no compiler to tell it of a misspelt one.

import { AnabranchError } from '@anabranch/base';

export type OptionKind = 'flag' | 'milliseconds' | 'text' | 'function';

/** Of a wait. Beyond, the timers of browsers and Node would end at once. */
const waitMsMax = 2 ** 31 - 1;

const kinds: Readonly<Record<OptionKind, { readonly text: string; readonly takes: (value: unknown) => boolean }>> = {
  flag: { text: 'true or false', takes: (value) => typeof value === 'boolean' },
  milliseconds: {
    text: `a number of milliseconds, from 0 to ${waitMsMax}`,
    takes: (value) => typeof value === 'number' && value >= 0 && value <= waitMsMax,
  },
  text: { text: 'a text', takes: (value) => typeof value === 'string' },
  function: { text: 'a function', takes: (value) => typeof value === 'function' },
};

/** What is undefined counts as not given. @throws AnabranchError `config_invalid`. */
export function checkCallOptions(call: string, options: unknown, known: Readonly<Record<string, OptionKind>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid(call, 'the options are an object');
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw invalid(call, `there is no option ${name.slice(0, 64)}, only ${Object.keys(known).join(', ')}`);
    if (value !== undefined && !kinds[kind].takes(value)) throw invalid(call, `${name} is ${kinds[kind].text}`);
  }
}

function invalid(call: string, why: string): AnabranchError {
  return new AnabranchError('config_invalid', `${call}: ${why}`);
}
