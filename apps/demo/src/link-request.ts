import { AnabranchError } from '@anabranch/base';
import type { LinkConditions, LinkDirection, LinkState } from '@anabranch/netfault';
import type { LinkChange } from './world-link.ts';

const members: ReadonlySet<string> = new Set(['state', 'direction', 'delayMs']);

/**
 * The change that a PUT of a link asks for. Ranges are checked by the link itself.
 * @throws AnabranchError `value_invalid` naming the member that is unknown, missing or of the wrong kind.
 */
export function parseLinkChange(body: unknown): LinkChange {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('body', 'is a JSON object');
  const entries = new Map<string, unknown>(Object.entries(body));
  for (const name of entries.keys()) if (!members.has(name)) throw invalid(name, 'is not one of state, direction, delayMs');
  const state = entries.get('state');
  const direction = entries.get('direction') ?? 'both';
  const delayMs = entries.get('delayMs');
  if (state !== undefined && !isState(state)) throw invalid('state', 'is "up" or "cut"');
  if (!isDirection(direction)) throw invalid('direction', 'is "both", "a-to-b" or "b-to-a"');
  if (delayMs !== undefined && typeof delayMs !== 'number') throw invalid('delayMs', 'is a number');
  if (state === undefined && delayMs === undefined) throw invalid('state', 'or delayMs is needed: there is nothing to change');
  const conditions: Partial<LinkConditions> = { ...(state !== undefined && { state }), ...(delayMs !== undefined && { delayMs }) };
  return { direction, conditions };
}

function isState(value: unknown): value is LinkState {
  return value === 'up' || value === 'cut';
}

function isDirection(value: unknown): value is LinkDirection {
  return value === 'both' || value === 'a-to-b' || value === 'b-to-a';
}

function invalid(member: string, rule: string): AnabranchError {
  return new AnabranchError('value_invalid', `${member} ${rule}`, { member });
}
