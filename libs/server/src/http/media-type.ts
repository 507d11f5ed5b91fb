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

/**
 * The media type of a Content-Type field, in lower case and without parameters; undefined when there is none.
 * @throws AnabranchError `content_type_unsupported` for a charset other than UTF-8.
 */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  const [essence, ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  for (const parameter of parameters) {
    if (parameter.startsWith('charset=') && !/^charset=(?:utf-8|"utf-8")$/.test(parameter))
      throw new AnabranchError('content_type_unsupported', 'bodies are UTF-8');
  }
  return essence === '' ? undefined : essence;
}
