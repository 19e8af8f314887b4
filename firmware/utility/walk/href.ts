import { fail, ok, type Result } from '#base/result.ts';

/** IEEE 2030.5 bounds a URI at 255 bytes; servers with long LFDI paths get some room. */
const HREF_LENGTH_MAX = 1024;

export interface HrefRule {
  /** Origins besides the one that answered, `https://host:port`. */
  readonly allowedOrigins: readonly string[];
}

/**
 * An href, replyTo or Location made absolute against the URL that served it (RFC 3986). Refused: another scheme than https,
 * another origin than the server's or an allowed one, credentials, anything overlong.
 */
export const resolveHref = (href: string, base: string, rule: HrefRule): Result<string, string> => {
  if (href === '' || href.length > HREF_LENGTH_MAX) return fail(`href of ${href.length} characters`);
  if (!URL.canParse(href, base)) return fail(`unreadable href ${href.slice(0, 60)}`);
  const url = new URL(href, base);
  if (url.protocol !== 'https:') return fail(`${url.protocol} href refused`);
  if (url.username !== '' || url.password !== '') return fail('href with credentials refused');
  if (url.origin !== new URL(base).origin && !rule.allowedOrigins.includes(url.origin))
    return fail(`href to ${url.origin} refused`);
  url.hash = '';
  return ok(url.href);
};

/** Absolute URL of a link; null: absent, or not one that may be followed. */
export const linkUrl = (link: { readonly href: string } | undefined, base: string, rule: HrefRule): string | null =>
  link === undefined ? null : hrefUrl(link.href, base, rule);

export const hrefUrl = (href: string | undefined, base: string, rule: HrefRule): string | null => {
  if (href === undefined) return null;
  const url = resolveHref(href, base, rule);
  return url.ok ? url.value : null;
};

/** The page of a list from item `start` on; an existing query of the href is kept (reference 1.5). */
export const pageUrl = (list: string, start: number, limit: number): string => {
  const url = new URL(list);
  url.searchParams.set('s', String(start));
  url.searchParams.set('l', String(limit));
  return url.href;
};
