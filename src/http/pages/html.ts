import escapeHtml from 'escape-html';

/** Markup that was built by `html` and nothing else; a plain string is always escaped. */
export interface Html {
  readonly markup: string;
}

/** A page is a function of its nonce, so that its policy and its content cannot drift apart. */
export type Page = (nonce: string) => Html;

type Value = string | number | Html | readonly Html[];

/** A template whose values are escaped for text and quoted attributes unless they are Html themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const markup = parts.reduce((text, part, at) => {
    const value = values[at];
    return text + part + (value === undefined ? '' : render(value));
  }, '');
  return { markup };
}

function render(value: Value): string {
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  if ('markup' in value) return value.markup;
  return value.map((item) => item.markup).join('');
}

/** A JavaScript string literal that is safe inside a script element: no tag, comment or line end can leave it. */
export function scriptString(value: string): Html {
  const literal = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { markup: literal };
}
