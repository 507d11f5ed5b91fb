// Requests of the pages: bounded in time, and with errors that name their code.

export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Answers after which a region counts as not answering. */
const timeoutMs = 2_500;

export interface Question {
  readonly method?: 'GET' | 'PATCH' | 'PUT' | 'POST' | 'DELETE';
  readonly type?: string;
  readonly body?: unknown;
  /** It goes on when the page is left meanwhile; for short bodies. */
  readonly outlivesPage?: boolean;
}

/** The JSON of an answer. @throws ApiError `no_answer`, or the code of the problem that came back. */
export async function ask(
  url: string,
  { method = 'GET', type = 'application/json', body, outlivesPage = false }: Question = {},
): Promise<unknown> {
  const request: RequestInit = { method, signal: AbortSignal.timeout(timeoutMs), cache: 'no-store', keepalive: outlivesPage };
  if (body !== undefined) Object.assign(request, { body: JSON.stringify(body), headers: { 'content-type': type } });
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, request);
    text = await response.text();
  } catch {
    throw new ApiError('no_answer', 'there is no answer');
  }
  const answer: unknown = text === '' ? {} : parse(text);
  if (response.ok) return answer;
  const { code, detail } = objectOf(answer);
  throw new ApiError(typeof code === 'string' ? code : `http_${response.status}`, typeof detail === 'string' ? detail : text.slice(0, 200));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('answer_malformed', 'the answer is not JSON');
  }
}

// Answers come over the network: what is not of the expected form is read as absent.

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
