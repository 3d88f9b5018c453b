import { MIMEType } from 'node:util';
import { platformErrors } from '../errors/platform.errors.js';

/** What a `multipart/form-data` body (RFC 7578) held: one file, and texts beside it. */
export interface FormBody {
  /** Media type of the file, as its part says. */
  type: string;
  content: Buffer;
  fileName?: string;
  fields: Record<string, string>;
}

const MAX_PARTS = 20;
const NOT_A_FORM = 'The body is not a well-formed multipart/form-data document.';

/**
 * Reads a form with exactly one file. It is in memory as a whole: only for bodies whose size is bounded.
 * @throws AppError `validation-failed`
 */
export async function readForm(body: Buffer, contentType: string): Promise<FormBody> {
  assertFewParts(body, contentType);
  const parts = await partsOf(body, contentType);
  const files = parts.filter((part): part is [string, File] => typeof part[1] !== 'string');
  const [file] = files;
  if (!file || files.length > 1) {
    throw refused(`The form must have one file; this one has ${files.length}.`);
  }
  const [, { name, type }] = file;
  return {
    type: type.split(';', 1)[0]!.trim().toLowerCase(),
    content: Buffer.from(await file[1].arrayBuffer()),
    ...(name === '' ? {} : { fileName: name }),
    fields: Object.fromEntries(parts.filter((part): part is [string, string] => typeof part[1] === 'string')),
  };
}

/** Before any is made: hundreds of thousands fit into a body, and making them would keep everybody waiting. */
function assertFewParts(body: Buffer, contentType: string): void {
  const boundary = boundaryOf(contentType);
  if (boundary === null || boundary === '') throw refused(NOT_A_FORM);
  const delimiter = `--${boundary}`;
  let parts = -1;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + delimiter.length)) {
    parts += 1;
    if (parts > MAX_PARTS) throw refused(`The form must have at most ${MAX_PARTS} parts.`);
  }
}

/** Read as the parser of the form reads it. */
function boundaryOf(contentType: string): string | null {
  try {
    return new MIMEType(contentType).params.get('boundary');
  } catch (cause) {
    throw refused(NOT_A_FORM, cause);
  }
}

async function partsOf(body: Buffer, contentType: string): Promise<[string, string | File][]> {
  try {
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType },
    }).formData();
    return [...form.entries()] as [string, string | File][];
  } catch (cause) {
    throw refused(NOT_A_FORM, cause);
  }
}

const refused = (detail: string, cause?: unknown): Error =>
  platformErrors['validation-failed'](detail, {
    ...(cause === undefined ? {} : { cause }),
    errors: [{ pointer: '#', code: 'form', detail }],
  });
