/** The utility server in virtual time: the core called directly, without a socket. */
import { answer, type UtilityRequest, type UtilityResponse } from './core.ts';
import { advance, dcapPath, type UtilityState } from './state.ts';

export interface VirtualUtility {
  readonly state: UtilityState;
  /** Path of DeviceCapability. */
  readonly dcap: string;
  /** null: refused connections (goDown) - nothing was answered. */
  request(request: Omit<UtilityRequest, 'at'>): UtilityResponse | null;
  /** Publishes and cancels what is due now. */
  tick(): void;
  goDown(): void;
  comeBack(): void;
}

/** `serverTime` gives UTC seconds of the virtual server clock. */
export const virtualUtility = (state: UtilityState, serverTime: () => number): VirtualUtility => {
  let down = false;
  return {
    state,
    dcap: dcapPath(state),
    request: (request) => (down ? null : answer(state, { ...request, at: serverTime() })),
    tick: () => advance(state, serverTime()),
    goDown: () => {
      down = true;
    },
    comeBack: () => {
      down = false;
    },
  };
};
