// The OpenAPI 3.1 document, made from the route table: parameters, bodies and answers come from the schemas that validate
// them, refusals from the error registry.

import { type ErrorCode, errorCodes } from '@anabranch/base';
import { z } from 'zod';
import { requestFields, responseFields } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { AnswerDescription, BodyDescription, RouteDescription } from '../http/route-description.ts';
import type { Route } from '../http/route-table.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Refusals that every route can give. */
const sharedErrors: readonly ErrorCode[] = [
  'request_malformed',
  'origin_not_allowed',
  'request_too_large',
  'request_timeout',
  'headers_too_large',
  'overloaded',
  'internal_error',
];

export const problemSchema = z
  .looseObject({
    type: z.string().regex(/^urn:anabranch:error:[a-z_]+$/),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    path: z.string().optional().meta({ description: 'The field that the refusal is about, as a JSON pointer.' }),
    opIndex: z.int().optional().meta({ description: 'The position of the refused operation in the body.' }),
  })
  .meta({ description: 'Problem details (RFC 9457).' });

const pathParameters: Readonly<Record<string, JsonSchema>> = {
  collection: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,62}$' },
  id: { type: 'string', pattern: '^[A-Za-z0-9._~-]{1,200}$' },
  opId: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}\\.[0-9a-f]{12}:[1-9][0-9]{0,15}$' },
};

export function openApiDocument(routes: readonly Route[], about: { readonly version: string }): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.template] = { ...paths[route.template], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Anabranch region', version: about.version, description: 'The REST doors of one region.' },
    paths,
    components: { schemas: { Problem: jsonSchema(problemSchema) } },
  };
}

function operationOf({ template, description }: Route): object {
  const { operationId, summary, requestBody } = description;
  return {
    operationId,
    summary,
    parameters: [...pathParametersOf(template), ...queryParametersOf(description), ...fieldParametersOf(description)],
    ...(requestBody && { requestBody: { required: true, content: contentOf(requestBody) } }),
    responses: { ...answersOf(description), ...problemsOf(description) },
  };
}

function pathParametersOf(template: string): object[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: pathParameters[name] ?? { type: 'string' },
  }));
}

function queryParametersOf({ query }: RouteDescription): object[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema: jsonSchema(schema) }));
}

function fieldParametersOf({ requestFields: names = [] }: RouteDescription): object[] {
  return names.map((name) => ({ name, in: 'header', required: false, schema: jsonSchema(requestFields[name]) }));
}

function answersOf({ answers }: RouteDescription): Record<string, object> {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]));
}

function answerOf({ description, fields = [], content }: AnswerDescription): object {
  const headers = fields.map((name) => [name, { description: responseFields[name], schema: { type: 'string' } }]);
  return {
    description,
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(content && { content: contentOf(content) }),
  };
}

function problemsOf({ errors }: RouteDescription): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...sharedErrors, ...errors]) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = { [mediaTypes.problem]: { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, { description: codes.map(describeCode).join(' '), content }]));
}

function describeCode(code: ErrorCode): string {
  return `\`${code}\`: ${errorCodes[code].meaning}`;
}

function contentOf(bodies: Readonly<Record<string, BodyDescription>>): object {
  return Object.fromEntries(
    Object.entries(bodies).map(([mediaType, { schema, example }]) => [mediaType, { schema: jsonSchema(schema), example }]),
  );
}

/** As a client writes it: what has a default may be left out. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
