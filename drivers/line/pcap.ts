import type { TracedFrame } from './trace.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SERIAL_HEADER_BYTES = 12;
const MICROSECOND_MAGIC = 0xa1b2c3d4;
const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;
const SNAP_LENGTH = 65_535;
/** LINKTYPE_RTAC_SERIAL: a 12-byte header (seconds, microseconds, event, control lines, footer), then the Modbus RTU frame. */
const LINK_TYPE_RTAC_SERIAL = 250;
const DATA_TX_END = 3;
const DATA_RX_END = 4;

const MICROSECONDS = 1_000_000;

/**
 * A capture file (pcap 2.4, microseconds, link type 250 LINKTYPE_RTAC_SERIAL) of Modbus RTU frames. In Wireshark set the RTAC serial
 * payload to Modbus. `epochOffsetMs` is added to the monotonic instants to date them; 0 counts from boot. Frames without bytes are left out.
 */
export const encodePcap = (frames: readonly TracedFrame[], epochOffsetMs: number): Uint8Array => {
  const kept = frames.filter((frame) => frame.bytes.length > 0);
  const size = kept.reduce(
    (sum, frame) => sum + RECORD_HEADER_BYTES + SERIAL_HEADER_BYTES + frame.bytes.length,
    FILE_HEADER_BYTES,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MICROSECOND_MAGIC);
  view.setUint16(4, VERSION_MAJOR);
  view.setUint16(6, VERSION_MINOR);
  view.setUint32(16, SNAP_LENGTH);
  view.setUint32(20, LINK_TYPE_RTAC_SERIAL);
  let offset = FILE_HEADER_BYTES;
  for (const frame of kept) {
    const length = SERIAL_HEADER_BYTES + frame.bytes.length;
    const micros = Math.max(0, Math.round((frame.at + epochOffsetMs) * 1000));
    const seconds = Math.floor(micros / MICROSECONDS);
    view.setUint32(offset, seconds);
    view.setUint32(offset + 4, micros % MICROSECONDS);
    view.setUint32(offset + 8, length);
    view.setUint32(offset + 12, length);
    const header = offset + RECORD_HEADER_BYTES;
    view.setUint32(header, seconds);
    view.setUint32(header + 4, micros % MICROSECONDS);
    view.setUint8(header + 8, frame.direction === 'request' ? DATA_TX_END : DATA_RX_END);
    bytes.set(frame.bytes, header + SERIAL_HEADER_BYTES);
    offset = header + length;
  }
  return bytes;
};
