import type { Page } from 'playwright-core';

export interface Outline {
  readonly lang: string;
  readonly title: string;
  readonly mains: number;
  readonly headings: number;
  /** Buttons, links and fields without a name that a screen reader could say. */
  readonly unnamed: number;
  /** Wider than the window: a person would have to scroll sideways. */
  readonly overflows: boolean;
}

const VISIBLE = `(element) => element.checkVisibility()`;

/** What a screen reader needs of a page. */
export function outlineOf(page: Page): Promise<Outline> {
  return page.evaluate(`(() => {
    const all = (selector) => [...document.querySelectorAll(selector)].filter(${VISIBLE});
    const nameOf = (element) =>
      element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
    return {
      lang: document.documentElement.lang,
      title: document.title,
      mains: all('main').length,
      headings: all('h1').length,
      unnamed: all('button, a[href], input').filter((element) => nameOf(element).trim() === '').length,
      overflows: document.documentElement.scrollWidth > window.innerWidth,
    };
  })()`);
}

export interface Contrast {
  readonly text: string;
  readonly ratio: number;
}

/** Texts whose contrast to their background is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
export function faintTexts(page: Page): Promise<Contrast[]> {
  return page.evaluate(`(() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = channels(color)
        .slice(0, 3)
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        const [, , , alpha = 1] = channels(color);
        if (alpha === 1) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const hasText = (element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    return [...document.body.querySelectorAll('*')]
      .filter((element) => hasText(element) && element.checkVisibility())
      .filter((element) => !element.closest('script, style, noscript'))
      .map((element) => {
        const [a, b] = [getComputedStyle(element).color, groundOf(element)].map(luminance);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        return { text: element.textContent.trim().slice(0, 40), ratio };
      })
      .filter(({ ratio }) => ratio < 4.5);
  })()`);
}

/** Relative brightness of the page's ground, 0 to 255. */
export async function groundOf(page: Page): Promise<number> {
  const color: string = await page.evaluate(`getComputedStyle(document.body).backgroundColor`);
  const channels = (color.match(/\d+/gu) ?? []).slice(0, 3).map(Number);
  return channels.reduce((sum, channel) => sum + channel, 0) / channels.length;
}
