/** IEEE 2030.5-2018. */
export const SEP_NAMESPACE = 'urn:ieee:std:2030.5:ns';

/** CSIP-AUS extension by version; v1.2 is what every known Australian utility serves. */
export const CSIP_AUS_NAMESPACES = {
  '1.2': 'https://csipaus.org/ns',
  '1.3': 'https://csipaus.org/ns/v1.3',
} as const;

/** Extension namespaces understood on read; the beta is seen at test servers only. */
export const READ_EXTENSIONS: readonly string[] = [
  ...Object.values(CSIP_AUS_NAMESPACES),
  'https://csipaus.org/ns/v1.3-beta/storage',
];
