/** `Content-Disposition` (RFC 6266) for a file of this name, whatever letters it has. */
export function attachment(fileName: string): string {
  const name = fileName.replace(/[\p{Cc}\p{Surrogate}/\\:*?"<>|]+/gu, '_');
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^ -~]/g, '_')
    .replace(/[%;]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
