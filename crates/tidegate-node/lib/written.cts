/** What callers ask for, written down as JSON for the engine: what JSON would change or leave out unsaid is refused by name. */

/** Half of a character, as JSON escapes it; other escapes are matched to be passed over. */
const ESCAPE = /\\(?:ud[89a-f]..|[^])/g;

/**
 * `value` as JSON; `what` is what an error calls it. Halves of characters, as cutting a text leaves them, become U+FFFD, as in
 * everything that Node sends.
 */
export function written(what: string, value: unknown): string {
  const json = stringified(what, value);
  if (json?.[0] !== '{') throw new TypeError(`${what}: must be an object, found ${kind(value)}`);
  if (!json.includes('\\ud')) return json;
  return json.replace(ESCAPE, (escape) => (escape.length === 2 ? escape : '\\ufffd'));
}

function stringified(what: string, value: unknown): string | undefined {
  let fault: string | undefined;
  try {
    fault = faultIn(value, '', []);
    if (fault === undefined) return JSON.stringify(value);
  } catch (cause) {
    const why = cause instanceof RangeError ? 'it is nested too deeply' : words(cause);
    throw new TypeError(`${what}: cannot be read: ${why}`, { cause });
  }
  throw new TypeError(`${what}: ${fault}`);
}

/** What JSON has no word for. `undefined` is none: it is what was left out. */
function faultIn(value: unknown, place: string, above: object[]): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : `\`${place}\` is ${value}: a number is needed, or nothing`;
    case 'bigint':
      return `\`${place}\` is a BigInt: a plain number is needed`;
    case 'function':
    case 'symbol':
      return place === '' ? undefined : `\`${place}\` is a ${typeof value}: JSON has no word for it`;
    case 'object':
      return value === null ? undefined : faultInside(value, place, above);
    default:
      return undefined;
  }
}

function faultInside(value: object, place: string, above: object[]): string | undefined {
  if (above.includes(value)) return `\`${place}\` holds itself`;
  if (ArrayBuffer.isView(value) || typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined;
  above.push(value);
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string') continue;
    const at = Array.isArray(value) ? `${place}[${name}]` : place === '' ? name : `${place}.${name}`;
    const fault = faultIn(inner, at, above);
    if (fault !== undefined) return fault;
  }
  above.pop();
  return undefined;
}

/** What a value is, in words. */
export function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}

/** What was thrown, in words, whatever it was. */
export function words(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return 'something without words was thrown';
  }
}
