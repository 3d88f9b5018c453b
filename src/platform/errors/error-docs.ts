import { STATUS_OF_KIND, type ErrorDeclaration } from './app-error.js';

const INTRODUCTION = `# Errors

Generated from the \`*.errors.ts\` tables by \`npm run generate:docs\`; do not edit.

Every error is a problem document (RFC 9457, \`application/problem+json\`); socket acks carry the same document as
\`error\`. Clients switch on \`code\`; \`detail\` is for people. \`errors\` lists faults of single fields: \`#/text\` is a member
of the body, \`#/query/limit\` a query parameter, \`#/path/id\` a path parameter. \`retryAfterMs\` says when to try again.
`;

/** The text of `docs/errors.md` for all declared codes, by status. */
export function renderErrorDocs(
  catalogue: ReadonlyMap<string, ErrorDeclaration & { feature: string }>,
): string {
  const rows = [...catalogue]
    .map(([code, { kind, title, feature }]) => ({ code, title, feature, status: STATUS_OF_KIND[kind] }))
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(({ code, title, feature, status }) => `| ${status} | \`${code}\` | ${title} | ${feature} |`);
  return `${INTRODUCTION}\n| Status | Code | Meaning | Declared by |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
