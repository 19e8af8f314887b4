import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { brokerDial } from '#platform/broker/broker-dial.ts';
import { type BrokerConfiguration, isTopic } from '../config/inputs.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Directories } from '../config/directories.ts';
import { loadSecret, type OwnIdentity } from '../config/utility.ts';
import { LimitTopics, type LimitTopicsOptions } from './limit-topics.ts';

type Surroundings = Omit<LimitTopicsOptions, 'dial' | 'user' | 'password' | 'inputs' | 'directory'> & {
  readonly directories: Directories;
  /** Of the configuration directory. */
  readonly files: Files;
  readonly own: Pick<OwnIdentity, 'secret'>;
};

const trustOf = async ({ trust }: BrokerConfiguration, directory: string): Promise<Result<string | null, string>> => {
  if (trust === null) return ok(null);
  try {
    return ok(await readFile(isAbsolute(trust) ? trust : join(directory, trust), 'utf8'));
  } catch (error) {
    return fail(`the roots of the broker: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/**
 * The limits of the broker that the configuration names; none: nothing is done. What stands in the way of them is noted: their sources
 * are silent then, and controld holds their fallback.
 */
export const limitTopics = (site: Configuration, { directories, files, own, ...common }: Surroundings): { close(): void } => {
  const { broker } = site;
  const inputs = site.inputs.filter(isTopic);
  let topics: LimitTopics | null = null;
  let closed = false;
  const start = async (address: BrokerConfiguration): Promise<string | null> => {
    const trust = await trustOf(address, directories.configuration);
    const password = address.password === null ? ok(null) : await loadSecret(address.password, files, own);
    if (!trust.ok) return trust.fault;
    if (!password.ok) return password.fault;
    if (closed) return null;
    const dial = brokerDial({ ...address, trust: trust.value });
    topics = new LimitTopics({
      ...common,
      dial,
      user: address.user,
      password: password.value,
      inputs,
      directory: directories.runtime,
    });
    topics.start();
    return null;
  };
  if (broker !== null && inputs.length > 0) {
    const tell = (text: string | null): void => {
      if (text !== null) common.note({ event: 'broker-refused', level: 'error', text });
    };
    start(broker).then(tell, (error: unknown) => tell(String(error)));
  }
  return {
    close: () => {
      closed = true;
      topics?.close();
    },
  };
};
