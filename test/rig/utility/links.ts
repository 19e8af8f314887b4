/** How hrefs are written in a body or a Location: resources are minted as paths, servers say them in other forms too. */
import type { Body, Value } from './body.ts';

export type LinkForm = 'path' | 'absolute' | 'relative';

/** Attributes that carry an href. */
const HREFS: readonly string[] = ['@href', '@replyTo'];

/** `path` as a reference from the resource at `from` that ends there by RFC 3986. */
const relative = (path: string, from: string): string => {
  const up = Math.max(0, from.split('/').length - 2);
  return `${up === 0 ? './' : '../'.repeat(up)}${path.slice(1)}`;
};

/** One href in the form wanted. `origin`: `https://host:port` as the client named it; anything but a path stays as it is. */
export const writtenHref = (path: string, form: LinkForm, asked: { readonly origin: string; readonly path: string }): string => {
  if (form === 'path' || !path.startsWith('/')) return path;
  return form === 'absolute' ? `${asked.origin}${path}` : relative(path, asked.path);
};

/** A body with every href in it written anew. */
export const withHrefs = (body: Body, write: (href: string) => string): Body =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      HREFS.includes(name) && typeof value === 'string' ? write(value) : inside(value, write),
    ]),
  );

const isBody = (value: Value): value is Body => typeof value === 'object' && !Array.isArray(value);

const inside = (value: Value, write: (href: string) => string): Value => {
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => inside(item, write));
  return isBody(value) ? withHrefs(value, write) : value;
};
