const MACRO = /\{\{\s*(char|user|original)\s*\}\}|<(bot|char|user)>/gi;

export interface MacroValues {
  char: string;
  user: string;
  /** Absent: `{{original}}` stays as written, for only two fields of a card have an original. */
  original?: string;
}

/**
 * Replaces the macros of character cards, `<BOT>` and `<USER>` of V1 cards included. One pass: a user who is called
 * "{{original}}" stays called that.
 */
export function expandMacros(template: string, values: MacroValues): string {
  return template.replace(MACRO, (written, braced?: string, angled?: string) => {
    switch ((braced ?? angled ?? '').toLowerCase()) {
      case 'char':
      case 'bot':
        return values.char;
      case 'user':
        return values.user;
      default:
        return values.original ?? written;
    }
  });
}
