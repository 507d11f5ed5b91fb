import { AnabranchError, type ErrorCode, errorCodes } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import type { DoorHandler } from '../http/door-request.ts';
import { problemOf } from '../http/problem.ts';
import { jsonPatchSchema, mergePatchSchema, opsSchema } from '../patch/patch-formats.ts';
import { openApiDocument, problemSchema } from './openapi-document.ts';

const handle: DoorHandler = async () => ({ status: 200, headers: {}, body: undefined });

describe('the OpenAPI document', () => {
  test('[DOOR10] describes parameters, bodies, answers and refusals of a route', () => {
    const document = openApiDocument(
      [
        {
          method: 'PATCH',
          template: '/v1/docs/{collection}/{id}',
          handle,
          description: {
            operationId: 'patchDocument',
            summary: 'Changes a document.',
            requestFields: ['idempotency-key'],
            requestBody: { 'application/x': { schema: opsSchema, example: [{ op: 'clear', path: '/a' }] } },
            answers: { 200: { description: 'Done.', fields: ['etag'] } },
            errors: ['op_invalid', 'type_mismatch'],
          },
        },
      ],
      { version: '1.2.3' },
    );
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
      paths: {
        '/v1/docs/{collection}/{id}': {
          patch: {
            operationId: 'patchDocument',
            parameters: [
              { name: 'collection', in: 'path', required: true },
              { name: 'id', in: 'path', required: true, schema: { pattern: '^[A-Za-z0-9._~-]{1,200}$' } },
              { name: 'idempotency-key', in: 'header', required: false, schema: { maxLength: 255 } },
            ],
            requestBody: { content: { 'application/x': { schema: { type: 'array', minItems: 1 } } } },
            responses: {
              403: { description: expect.stringContaining('`origin_not_allowed`') },
              200: { headers: { etag: {} } },
              422: {
                description: expect.stringMatching(/`op_invalid`.*`type_mismatch`/),
                content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
              },
            },
          },
        },
      },
    });
  });

  test('every operation of the vocabulary is in the schema of PATCH', () => {
    const text = JSON.stringify(
      openApiDocument(
        [
          {
            method: 'PATCH',
            template: '/x',
            handle,
            description: { operationId: 'x', summary: '', answers: {}, errors: [], requestBody: { a: { schema: opsSchema, example: [] } } },
          },
        ],
        { version: '0' },
      ),
    );
    for (const op of ['set', 'clear', 'increment', 'add', 'enable', 'disable', 'remove', 'insert', 'move', 'delete']) {
      expect(text).toContain(`"const":"${op}"`);
    }
  });

  test('every code of the registry makes a problem that fits the schema', () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const problem = problemOf(new AnabranchError(code, 'what happened', { path: '/a', opIndex: 0, status: 'not mine to set' }));
      expect(problemSchema.parse(problem)).toMatchObject({ code, status: errorCodes[code].status, type: `urn:anabranch:error:${code}` });
    }
  });

  test('schemas refuse what is not in the vocabulary', () => {
    expect(opsSchema.safeParse([{ op: 'increment', path: '/a', by: 1.5 }]).success).toBe(false);
    expect(opsSchema.safeParse([{ op: 'increment', path: '/a', by: 2 ** 53 }]).success).toBe(false);
    expect(opsSchema.safeParse([{ op: 'set', path: '/a' }]).success).toBe(false);
    expect(opsSchema.safeParse([{ op: 'set', path: '/a', value: 1, extra: 1 }]).success).toBe(false);
    expect(opsSchema.safeParse([{ op: 'explode', path: '/a' }]).success).toBe(false);
    expect(opsSchema.safeParse([]).success).toBe(false);
    expect(mergePatchSchema.safeParse([]).success).toBe(false);
    expect(jsonPatchSchema.safeParse([{ op: 'add', path: '/a' }]).success).toBe(false);
    // RFC 6902, section 4: members that are not defined for an operation are ignored.
    expect(jsonPatchSchema.safeParse([{ op: 'remove', path: '/a', xyz: 1 }]).success).toBe(true);
  });
});
