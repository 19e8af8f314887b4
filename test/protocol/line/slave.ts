import modbus from 'modbus-serial';

/** Longer than the longest frame takes at 115 200 baud: a pty has no byte times, and the engine takes no reply faster than the wire. */
const SILENCE_MS = 30;

/** An independent slave on a pty: modbus-serial's server. Register n holds n until it is written. */
export class Slave {
  readonly written = new Map<number, number>();
  #server: InstanceType<typeof modbus.ServerSerial> | null = null;
  /** Replies wait here, in the order of the requests. */
  #turn: Promise<void> = Promise.resolve();
  #release: (() => void) | null = null;

  async open(path: string): Promise<void> {
    const options = { path, baudRate: 115_200, unitID: 1, interval: SILENCE_MS } as const;
    const register = (address: number): number => this.written.get(address) ?? address;
    const server = new modbus.ServerSerial(
      {
        getMultipleHoldingRegisters: (address: number, length: number, _unitId: number, callback) => {
          const answer = (): void => {
            if (address >= 60_000) callback(Object.assign(new Error('no such register'), { modbusErrorCode: 2 }), []);
            else
              callback(
                null,
                Array.from({ length }, (_, i) => register(address + i)),
              );
          };
          this.#turn.then(answer, answer);
        },
        setRegisterArray: (address: number, values: number[], _unitId: number, callback) => {
          for (const [i, value] of values.entries()) this.written.set(address + i, value);
          callback(null);
        },
      },
      options,
    );
    this.#server = server;
    await new Promise<void>((resolve) => server.on('initialized', () => resolve()));
  }

  /** The next reply, and all behind it, wait for `release`. */
  hold(): void {
    this.#turn = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release?.();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
