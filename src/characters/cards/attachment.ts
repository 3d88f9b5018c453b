/** What would end the name, or lead out of the folder that it is saved in. */
const withoutDelimiters = (name: string): string => name.replace(/[\p{Cc}\p{Surrogate}/\\:*?"<>|]+/gu, '_');

/** `Content-Disposition` (RFC 6266) for a file of this name, whatever letters it has. */
export function attachment(fileName: string): string {
  const name = withoutDelimiters(fileName);
  // After the normalisation, which makes a plain quotation mark or slash of a wide one.
  const ascii = withoutDelimiters(fileName.normalize('NFKD'))
    .replace(/\p{M}/gu, '')
    .replace(/[^ -~]/g, '_')
    .replace(/[%;]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
