/** Longest packet that a broker may send us, bytes: a limit takes a hundred. */
export const PACKET_BYTES_MAX = 4096;
/** The remaining length is written in at most so many bytes of seven bits (MQTT 3.1.1, 2.2.3). */
const LENGTH_BYTES_MAX = 4;

/**
 * Watches the lengths that packets announce: the mqtt package gathers a packet however long it says that it is, up to 256 MB. Bytes come
 * in any pieces.
 */
export class PacketBound {
  /** Of the present packet's body, still to come; null: its header is being read. */
  #body: number | null = null;
  #length = 0;
  /** Bytes of the header so far, the first among them. */
  #header = 0;

  /** False: a packet too long was announced. */
  take(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#body === null) {
        if (!this.#headerByte(bytes[at] ?? 0)) return false;
        at += 1;
      } else {
        const taken = Math.min(this.#body, bytes.length - at);
        at += taken;
        this.#body -= taken;
      }
      if (this.#body === 0) this.#body = null;
    }
    return true;
  }

  #headerByte(byte: number): boolean {
    if (this.#header > 0) {
      this.#length += (byte & 0x7f) * 128 ** (this.#header - 1);
      if (this.#length > PACKET_BYTES_MAX || this.#header > LENGTH_BYTES_MAX) return false;
    }
    this.#header += 1;
    if (this.#header > 1 && byte < 0x80) {
      this.#body = this.#length;
      this.#header = 0;
      this.#length = 0;
    }
    return true;
  }
}
