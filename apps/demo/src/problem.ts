import { AnabranchError } from '@anabranch/base';
import type { ErrorRequestHandler } from 'express';

/** Answers every failure as problem details (RFC 9457) with a code of the registry; a defect shows nothing of itself. */
export function problemAnswers(reportDefect: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const failure = expectedFailure(error);
    if (failure.code === 'internal_error') reportDefect(error);
    const { status, title } = failure.entry;
    const { code, message, details } = failure;
    const allow = details['allow'];
    if (Array.isArray(allow)) response.set('allow', allow.join(', '));
    const body = JSON.stringify({ ...details, type: `urn:anabranch:error:${code}`, code, title, status, detail: message });
    response.status(status).type('application/problem+json').send(body);
  };
}

function expectedFailure(error: unknown): AnabranchError {
  if (error instanceof AnabranchError) return error;
  // What Express and its body reader throw carries a status; everything else is a defect of ours.
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  if (status === 413) return new AnabranchError('request_too_large', `a body has at most ${bodyBytesMax} bytes`);
  if (status === 415) return new AnabranchError('content_type_unsupported', 'bodies are JSON in UTF-8');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AnabranchError('request_malformed', error instanceof Error ? error.message : 'the request could not be read');
  }
  return new AnabranchError('internal_error', 'the request met a defect of the demo');
}

/** Bytes of a request body; more is refused with `request_too_large`. */
export const bodyBytesMax = 65_536;
