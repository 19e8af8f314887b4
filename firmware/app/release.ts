/** Version of this release; the one of package.json (a test holds them together). */
export const RELEASE = '2026.11.0';
