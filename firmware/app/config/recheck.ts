/** Below the state directory; the tool puts it there, northd takes it away: a registration whose PIN was not ours is to be looked at. */
export const RECHECK_FILE = 'north-recheck';
