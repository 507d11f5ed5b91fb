import type { ErrorCode } from '@anabranch/base';
import type { z } from 'zod';
import type { RequestField, ResponseField } from './fields.ts';

/** What the OpenAPI document says of a route. The schemas are the ones that requests are validated with. */
export interface RouteDescription {
  readonly operationId: string;
  readonly summary: string;
  /** Query parameters by name. */
  readonly query?: z.ZodObject;
  /** Names of {@link requestFields} that the route reads. */
  readonly requestFields?: readonly RequestField[];
  /** Bodies by media type. */
  readonly requestBody?: Readonly<Record<string, BodyDescription>>;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Refusals beyond those that every route shares. */
  readonly errors: readonly ErrorCode[];
}

export interface BodyDescription {
  readonly schema: z.ZodType;
  readonly example: unknown;
}

export interface AnswerDescription {
  readonly description: string;
  /** Response header fields, names of {@link responseFields}. */
  readonly fields?: readonly ResponseField[];
  readonly content?: Readonly<Record<string, BodyDescription>>;
}
