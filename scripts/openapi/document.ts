import { z } from 'zod';
import { createDocument, type ZodOpenApiObject, type ZodOpenApiOperationObject } from 'zod-openapi';
import { errorEntry, type ErrorCode } from '../../src/errors/error-catalogue.js';
import { ROUTE_TABLE, type Route } from '../../src/http/route-table.js';
import { INTERNAL_OPERATIONS } from './internal-operations.ts';
import type { Body, Operation } from './operation.ts';
import { PUBLIC_OPERATIONS } from './public-operations.ts';
import { problem } from './schemas.ts';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...PUBLIC_OPERATIONS,
  ...INTERNAL_OPERATIONS,
};

const SERVERS = {
  public: [{ url: 'http://localhost:3000', description: 'Public listener (`PUBLIC_URL`)' }],
  internal: [{ url: 'http://127.0.0.1:3001', description: 'Internal listener' }],
} as const;

/** The OpenAPI document of both listeners: the rows of the route table, and what is said of each. */
export function buildOpenApi(version: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTE_TABLE) {
    const operation = OPERATIONS[route.name];
    if (operation === undefined) throw new RangeError(`nothing is said of the route ${route.name}`);
    for (const path of pathsOf(route)) {
      const item = (paths[path] ??= { servers: SERVERS[route.listener] });
      item[methodOf(route)] = toOperation(route, path, operation);
    }
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Vestibule',
      version,
      description:
        'Routes of the public listener (browsers) and of the internal one (gateways, APIs, operators). Proxied APIs and the pages of the application are not in it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-vestibule' },
        serviceBasic: { type: 'http', scheme: 'basic', description: 'A registered service.' },
      },
    },
  };
  return createDocument(document);
}

function pathsOf({ path }: Route): readonly string[] {
  const named = path.replaceAll(/:(\w+)/g, '{$1}');
  return named.endsWith('/*') ? [named.slice(0, -2), named.replace('/*', '/{policy}')] : [named];
}

function methodOf({ method }: Route): string {
  return method === 'ANY' ? 'get' : method.toLowerCase();
}

function toOperation(route: Route, path: string, operation: Operation): ZodOpenApiOperationObject {
  const { summary, description, request, parameters = [] } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    schema: { type: 'string' as const },
  }));
  return {
    operationId: path.endsWith('{policy}') ? `${route.name}.policy` : route.name,
    summary,
    ...(description !== undefined && { description }),
    tags: [route.listener],
    ...securityOf(route),
    parameters: [
      ...inPath,
      ...parameters.map((one) => ({ ...one, schema: { type: 'string' as const } })),
    ],
    ...(request !== undefined && { requestBody: { content: contentOf(request) } }),
    responses: responsesOf(operation),
  };
}

function securityOf({ access }: Route): Pick<ZodOpenApiOperationObject, 'security'> {
  if (access === 'session') return { security: [{ session: [] }] };
  return 'service' in access ? { security: [{ serviceBasic: [] }, {}] } : {};
}

function responsesOf({ answers, errors = [] }: Operation): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, object> = {};
  for (const [status, { description, bodies }] of Object.entries(answers))
    responses[status] = {
      description,
      ...(bodies !== undefined && { content: contentOf(bodies) }),
    };
  for (const [status, codes] of byStatus(errors)) {
    const known = responses[status] as { description: string; content?: object } | undefined;
    responses[status] = {
      description: known?.description ?? codes.map((code) => errorEntry(code).title).join('; '),
      content: {
        ...known?.content,
        'application/problem+json': { schema: problem(codes) },
      },
    };
  }
  return responses as ZodOpenApiOperationObject['responses'];
}

function byStatus(codes: readonly ErrorCode[]): Map<string, ErrorCode[]> {
  const statuses = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorEntry(code).status);
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}

function contentOf(bodies: readonly Body[]): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(bodies.map(({ type, schema }) => [type, { schema }]));
}
