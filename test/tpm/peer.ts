import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Issued, Pki } from '../rig/utility/pki.ts';

/** OpenSSL's own server, which demands and verifies our chain. */
export interface Peers {
  /** Resolves with its port. `server`: what it shows in place of the certificate of the PKI. */
  start(options?: readonly string[], server?: Issued): Promise<number>;
  end(): Promise<void>;
}

export const peersOf = (pki: Pki): Peers => {
  let peers: ChildProcess[] = [];
  return {
    start: async (options = [], server = pki.server) => {
      const files = ['-cert', server.cert, '-cert_chain', server.cert, '-key', server.key, '-CAfile', pki.serca];
      const demand = ['-Verify', '4', '-verify_return_error', '-tls1_2', '-named_curve', 'P-256'];
      const suite = ['-cipher', 'ECDHE-ECDSA-AES128-CCM8'];
      const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-www', ...files, ...demand, ...suite, ...options], {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      peers.push(child);
      let text = '';
      return await new Promise((resolve, reject) => {
        child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
        child.on('exit', () => reject(new Error(`s_server ended: ${text}`)));
        child.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          const port = /ACCEPT .*:(\d+)/.exec(text)?.[1];
          if (port !== undefined) resolve(Number(port));
        });
      });
    },
    end: async () => {
      for (const peer of peers) {
        if (peer.exitCode !== null) continue;
        peer.kill('SIGKILL');
        await once(peer, 'exit');
      }
      peers = [];
    },
  };
};
