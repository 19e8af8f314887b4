import { fail, ok, type Result } from '#base/result.ts';

/** `production`: the key is in the TPM. `laboratory`: it may be a file. */
export type GatewayProfile = 'production' | 'laboratory';

const IS_CHECKOUT = import.meta.url.endsWith('/config/gateway-profile.ts');

/**
 * GRIDWARD_PROFILE, which the unit sets. Without it a release is in production and a checkout a laboratory, so that leaving it out
 * never weakens a gateway. Anything else is refused.
 */
export const gatewayProfile = (env: Readonly<Record<string, string | undefined>>): Result<GatewayProfile, string> => {
  const named = env['GRIDWARD_PROFILE'] ?? (IS_CHECKOUT ? 'laboratory' : 'production');
  return named === 'production' || named === 'laboratory'
    ? ok(named)
    : fail(`GRIDWARD_PROFILE is ${named}: it is production or laboratory`);
};
