const opening = (name: string): string => `<!-- case ${name} -->`;
const closing = (name: string): string => `<!-- end ${name} -->`;

/** Puts the sections of this run in place of those that a document has of the same cases; the others stay. */
export function withSections(document: string, sections: ReadonlyMap<string, string>): string {
  let text = document;
  for (const [name, section] of sections) {
    const block = `${opening(name)}\n\n${section}\n\n${closing(name)}`;
    const from = text.indexOf(opening(name));
    const to = text.indexOf(closing(name));
    text =
      from >= 0 && to > from
        ? text.slice(0, from) + block + text.slice(to + closing(name).length)
        : `${text.trimEnd()}\n\n${block}\n`;
  }
  return text;
}
