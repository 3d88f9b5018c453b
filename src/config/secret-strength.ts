const PLACEHOLDERS =
  /^(?:change[-_ ]?(?:me|it|this).{0,20}|secrets?|passwords?|passw0rd|default|example.{0,12}|placeholder.{0,12}|todo|test.{0,12}|dev.{0,12}|x{3,}|\*+|(?:your|my|super)[-_ ].{0,30}|<.*>|\.{3,}|0+|123+\d*)$/i;

const MIN_KEY_CHARACTERS = 32;

/** Why a secret must not guard a production system, or undefined. Never contains the secret. */
export function weaknessOf(
  secret: string,
  options: { key: boolean; examples: ReadonlySet<string> },
): string | undefined {
  if (PLACEHOLDERS.test(secret.trim()) || options.examples.has(secret)) return 'is a placeholder';
  if (options.key && secret.length < MIN_KEY_CHARACTERS)
    return `is shorter than ${MIN_KEY_CHARACTERS} characters`;
  if (options.key && new Set(secret).size < 8) return 'is too regular to be random';
  return undefined;
}
