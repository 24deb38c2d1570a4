export interface Form {
  readonly action: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The forms of a page with their hidden fields. */
export function formsOf(page: string): Form[] {
  return [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(
    ([, attributes = '', content = '']) => ({
      action: attribute(attributes, 'action') ?? '',
      method: (attribute(attributes, 'method') ?? 'get').toUpperCase(),
      fields: Object.fromEntries(
        [...content.matchAll(/<input\b([^>]*)>/g)]
          .filter(([, input = '']) => attribute(input, 'type') === 'hidden')
          .map(([, input = '']) => [
            attribute(input, 'name') ?? '',
            attribute(input, 'value') ?? '',
          ]),
      ),
    }),
  );
}

/** The addresses of a page's links, as they stand there. */
export function linksOf(page: string): string[] {
  return [...page.matchAll(/<a\b([^>]*)>/g)].map(
    ([, attributes = '']) => attribute(attributes, 'href') ?? '',
  );
}

/** Where a page's script leads at once (`location.replace("…")`). */
export function scriptTargetOf(page: string): string | undefined {
  const literal =
    /<script nonce="[^"]+">\s*location\.replace\(("(?:[^"\\]|\\.)*")\);?\s*<\/script>/.exec(
      page,
    )?.[1];
  return literal === undefined ? undefined : (JSON.parse(literal) as string);
}

/** The form that a page of the provider submits by itself: form_post, a change of accounts, a logout with a hint. */
export function selfSubmitted(page: string): Form | undefined {
  const [form] = formsOf(page);
  if (form === undefined) return undefined;
  if (page.includes('document.forms[0].submit()')) return form;
  if (!page.includes('<script src="/assets/submit.js"')) return undefined;
  return { ...form, fields: { ...form.fields, logout: 'yes' } };
}

/** The stable code of an error page. */
export function errorCodeOf(page: string): string | undefined {
  return /<p><code>([a-z_]+)<\/code>/.exec(page)?.[1];
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescapeHtml(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};

export function unescapeHtml(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|#39|#x27);/g,
    (whole, name: string) => ENTITIES[name] ?? whole,
  );
}
