import { compareStrings } from '@anabranch/base';

/**
 * The text of an answer: members sorted as canonicalJson sorts them, so that a document reads the same wherever it is shown. What is
 * undefined is left out, as JSON.stringify leaves it out.
 */
export function answerText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(answerText).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([key, member]) => `${JSON.stringify(key)}:${answerText(member)}`);
  return `{${members.join(',')}}`;
}
