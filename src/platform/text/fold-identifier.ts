/**
 * One form for a name or an address that people type: compatibility forms (full-width letters, ligatures), capitals and
 * padding do not make another one. Folded a second time because lower-casing can leave a form that NFKC changes.
 */
export const foldIdentifier = (text: string): string =>
  text.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
