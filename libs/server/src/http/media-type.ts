import { AnabranchError } from '@anabranch/base';

export const mediaTypes = {
  json: 'application/json',
  ops: 'application/vnd.anabranch.ops+json',
  mergePatch: 'application/merge-patch+json',
  jsonPatch: 'application/json-patch+json',
  problem: 'application/problem+json',
  events: 'text/event-stream',
  lines: 'application/x-ndjson',
} as const;

/** What PATCH takes, in order of preference (RFC 5789). */
export const patchTypes: readonly string[] = [mediaTypes.ops, mediaTypes.mergePatch, mediaTypes.jsonPatch];

/** Characters of a wrong media type in a message. */
const shownTypeMax = 80;

/**
 * The media type of a Content-Type field, in lower case and without parameters; undefined when there is none.
 * @throws AnabranchError `content_type_unsupported` for a charset other than UTF-8.
 */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  const [essence, ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  for (const parameter of parameters) {
    if (parameter.startsWith('charset=') && !/^charset=(?:utf-8|"utf-8")$/.test(parameter))
      throw new AnabranchError(
        'content_type_unsupported',
        'bodies are UTF-8: send the Content-Type with charset=utf-8, or without a charset',
      );
  }
  return essence === '' ? undefined : essence;
}

/** The refusal of a body that comes as something else than `what` is sent as. */
export function unsupportedType(what: string, types: readonly string[], given: string | undefined): AnabranchError {
  const came = given === undefined ? 'no Content-Type' : given.slice(0, shownTypeMax);
  return new AnabranchError('content_type_unsupported', `${what} is sent with Content-Type ${types.join(' or ')}, not with ${came}`);
}
