import { randomUUID } from 'node:crypto';

/** One operation of the service's own OpenAPI document, with ids that nothing has. */
export interface Route {
  method: string;
  /** As documented, with `{parameters}`. */
  template: string;
  path: string;
  isPublic: boolean;
  /** Of the JSON body: name → type. Undefined when the route takes none, or bytes. */
  properties?: Record<string, string>;
  /** Takes pictures, which may be sent as `image/png`. */
  takesPictures: boolean;
  /** Takes any JSON object. */
  isFreeForm: boolean;
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}

interface Operation {
  security?: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  security?: object[];
  components: { schemas: Record<string, Schema> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export async function routesOf(url: string): Promise<Route[]> {
  const response = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(10_000) });
  const document = (await response.json()) as Document;
  const resolve = ({ $ref, allOf, ...schema }: Schema): Schema => {
    const target = $ref === undefined ? allOf?.[0] : document.components.schemas[$ref.split('/').at(-1)!];
    return target ? { ...schema, ...resolve(target) } : schema;
  };
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { security = document.security ?? [], requestBody }]): Route => {
        const json = Object.entries(requestBody?.content ?? {}).find(([type]) => type.endsWith('json'));
        const described = json && resolve(json[1].schema);
        // Some routes take bytes, and JSON only as such.
        const schema = described?.type === 'string' ? undefined : described;
        const typed = Object.entries(schema?.properties ?? {}).map(([name, property]): [string, string] => [
          name,
          [resolve(property).type].flat()[0] ?? 'object',
        ]);
        return {
          method: method.toUpperCase(),
          template,
          path: template.replace(/\{[^}]+\}/g, () => randomUUID()),
          isPublic: security.length === 0,
          ...(schema ? { properties: Object.fromEntries(typed) } : {}),
          takesPictures: requestBody?.content['image/png'] !== undefined,
          isFreeForm: schema?.additionalProperties === true,
        };
      }),
  );
}
