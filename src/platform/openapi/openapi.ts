import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { completeDocument } from './complete-document.js';
import { markIntegerProperties } from './integer-properties.js';
import { collectRouteNotes, operationId } from './route-notes.js';

const DESCRIPTION = [
  'A server for conversations with AI characters.',
  '',
  '- Ids are opaque; times are RFC 3339 in UTC.',
  '- Every error is a problem document (RFC 9457): switch on `code`.',
  '- Lists answer `{items, nextCursor, prevCursor}`; pass a cursor back as `?cursor=`.',
  '- Single resources carry a strong `ETag`: `If-None-Match` saves a body, `If-Match` refuses a lost update with 412.',
  '- Creating POSTs honour `Idempotency-Key`: a retry gets the first answer again for 24 hours.',
].join('\n');

export interface OpenApiOptions {
  version: string;
  /** Where clients reach the API; the origin that served the document when absent. */
  publicUrl?: string;
}

/** The OpenAPI 3.1 document of an application's controllers. */
function createOpenApiDocument(
  app: INestApplication,
  { version, publicUrl = '/' }: OpenApiOptions,
): OpenAPIObject {
  markIntegerProperties();
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Rapport')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(publicUrl)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: operationId });
  return completeDocument(document, collectRouteNotes(app));
}

/**
 * Serves the document at `/openapi.json` and its pages at `/docs`. The document is made when it is first asked for, so
 * it costs a starting server nothing.
 */
export function setupOpenApi(app: INestApplication, options: OpenApiOptions): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, options), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Rapport API',
    // Without it the pages ask an outside service to validate the document.
    swaggerOptions: { validatorUrl: null, persistAuthorization: true },
  });
}
