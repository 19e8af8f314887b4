import * as v from 'valibot';
import { type Watts, watts } from '#base/units.ts';
import type { ContactState, InputRule, SourceLimits } from '#control/local/inputs.ts';

const INPUTS_MAX = 8;
const TOPIC_MAX = 128;
/** A day: a limit that is renewed less often belongs into a schedule. */
const EXPIRY_MAX = 86_400;
const EXPIRY_MIN = 5;
/** 1 GW: beyond it a number is a typing error. */
const POWER_MAX = 1_000_000_000;
const TEXT_MAX = 255;
const CONTACTS_MAX = 8;
const STATES_MAX = 16;

const power = (description: string) =>
  v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(POWER_MAX), v.description(description)));

const limitEntries = {
  exportW: power('Export limit, watts.'),
  generationW: power('Limit of all inverters together, watts.'),
  importW: power('Import limit, watts.'),
};

const FallbackSchema = v.pipe(
  v.strictObject(limitEntries),
  v.description('Binds while nothing valid is heard from the source; at least one limit.'),
);

const name = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'small letters, digits and hyphens, 1 to 32 of them, no hyphen first'),
  v.description('Name of the source, unique; shown where its limit binds.'),
);

const MqttInputSchema = v.strictObject({
  kind: v.literal('mqtt'),
  name,
  topic: v.pipe(
    v.string(),
    v.maxLength(TOPIC_MAX),
    v.regex(/^[^#+$\s][^#+\s]*$/, 'a topic without wildcards and spaces'),
    v.description('Topic of the broker on which the limits come.'),
  ),
  expirySeconds: v.pipe(
    v.number(),
    v.minValue(EXPIRY_MIN),
    v.maxValue(EXPIRY_MAX),
    v.description('A message counts no longer than this, seconds; then the fallback binds.'),
  ),
  fallback: FallbackSchema,
});

const ContactsInputSchema = v.strictObject({
  kind: v.literal('contacts'),
  name,
  contacts: v.pipe(
    v.array(
      v.strictObject({
        name,
        path: v.pipe(
          v.string(),
          v.maxLength(TEXT_MAX),
          v.regex(/^\/(?!.*\.\.)[\w/.:@-]+$/, 'an absolute path'),
          v.description('File that reads 0 or 1: /sys/class/gpio/gpio17/value, or what the driver of the inputs offers.'),
        ),
        closed: v.pipe(v.picklist([0, 1]), v.description('What the file reads while the contact is closed.')),
      }),
    ),
    v.minLength(1),
    v.maxLength(CONTACTS_MAX),
  ),
  states: v.pipe(
    v.array(
      v.strictObject({
        closed: v.pipe(v.array(name), v.maxLength(CONTACTS_MAX), v.description('Contacts that are closed; all others are open.')),
        ...limitEntries,
      }),
    ),
    v.minLength(1),
    v.maxLength(STATES_MAX),
    v.description(
      'Combinations that mean something, with what they limit; none: no limit. In every other one the fallback binds.',
    ),
  ),
  fallback: FallbackSchema,
});

/** Member of `site.limits`: sources of limits beside the utility. They only ever tighten. */
export const inputEntries = {
  inputs: v.exactOptional(
    v.pipe(
      v.array(v.variant('kind', [MqttInputSchema, ContactsInputSchema])),
      v.maxLength(INPUTS_MAX),
      v.description('Sources of limits beside the utility; the tightest of all binds.'),
    ),
  ),
};

const short = v.pipe(v.string(), v.minLength(1), v.maxLength(TEXT_MAX));

/** The broker of the configuration file. */
export const BrokerSchema = v.pipe(
  v.strictObject({
    host: v.pipe(v.string(), v.regex(/^[0-9A-Za-z][0-9A-Za-z.:-]{0,252}$/, 'a host name or an address')),
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535), v.description('1883; with trust 8883, as a rule.')),
    trust: v.exactOptional(
      v.pipe(
        short,
        v.description('PEM: the roots its certificate must chain to. Absent: no TLS, in a network of your own alone.'),
      ),
    ),
    user: v.exactOptional(short),
    password: v.exactOptional(v.pipe(name, v.description('Name of the secret that holds the password.'))),
  }),
  v.description('MQTT broker of the inputs of kind mqtt.'),
);

type ContactsFile = v.InferOutput<typeof ContactsInputSchema>;
type InputFile = v.InferOutput<typeof MqttInputSchema> | ContactsFile;

/** A source of limits on a topic of the broker. */
export interface TopicInput extends InputRule {
  readonly mqtt: { readonly topic: string; readonly expirySeconds: number };
}

/** A contact: a file that reads `closed` while it is closed. */
export interface Contact {
  readonly name: string;
  readonly path: string;
  readonly closed: 0 | 1;
}

/** A source of limits on contacts. */
export interface ContactInput extends InputRule {
  readonly contacts: readonly Contact[];
  readonly states: readonly ContactState[];
}

export type InputConfiguration = TopicInput | ContactInput;

export const isTopic = (input: InputConfiguration): input is TopicInput => 'mqtt' in input;
export const isContacts = (input: InputConfiguration): input is ContactInput => 'contacts' in input;

/** Where the broker is, and how to enter it; `password` names a secret. */
export interface BrokerConfiguration {
  readonly host: string;
  readonly port: number;
  /** Path of a PEM file; null: no TLS. */
  readonly trust: string | null;
  readonly user: string | null;
  readonly password: string | null;
}

const wattsOrNull = (value: number | undefined): Watts | null => (value === undefined ? null : watts(value));

const limitsOf = ({ exportW, generationW, importW }: InputFile['fallback']): SourceLimits => ({
  exportW: wattsOrNull(exportW),
  generationW: wattsOrNull(generationW),
  importW: wattsOrNull(importW),
});

export const toInputs = (inputs: readonly InputFile[] = []): readonly InputConfiguration[] =>
  inputs.map((input) => {
    const rule = { name: input.name, fallback: limitsOf(input.fallback) };
    if (input.kind === 'mqtt') return { ...rule, mqtt: { topic: input.topic, expirySeconds: input.expirySeconds } };
    const states = input.states.map((state) => ({ closed: state.closed, limits: limitsOf(state) }));
    return { ...rule, contacts: input.contacts, states };
  });

export const toBroker = (broker: v.InferOutput<typeof BrokerSchema> | undefined): BrokerConfiguration | null =>
  broker === undefined ? null : { trust: null, user: null, password: null, ...broker };

interface Problem {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

const LIMITS = ['exportW', 'generationW', 'importW'] as const;

/** All contacts open is also what a cut cable shows: it may not free what the fallback holds. */
const isLooser = (state: InputFile['fallback'], fallback: InputFile['fallback']): boolean =>
  LIMITS.some((limit) => (state[limit] ?? Infinity) > (fallback[limit] ?? Infinity));

const contactProblems = ({ contacts, states, fallback }: ContactsFile, place: string): readonly Problem[] => {
  const names = contacts.map((contact) => contact.name);
  const problems: Problem[] = [];
  for (const [index, contact] of contacts.entries())
    if (contacts.findIndex(({ name, path }) => name === contact.name || path === contact.path) < index)
      problems.push({
        path: `${place}.contacts[${index}]`,
        expected: 'a name and a path of its own',
        found: JSON.stringify(contact),
      });
  const combinations = states.map(({ closed }) => [...closed].sort().join(' '));
  for (const [index, state] of states.entries()) {
    const at = `${place}.states[${index}]`;
    const found = JSON.stringify(state.closed);
    if (state.closed.some((one) => !names.includes(one)))
      problems.push({ path: `${at}.closed`, expected: `some of ${names.join(', ')}`, found });
    if (new Set(state.closed).size < state.closed.length || combinations.indexOf(combinations[index] ?? '') < index)
      problems.push({ path: `${at}.closed`, expected: 'a combination that no other state has, each contact once', found });
    if (state.closed.length === 0 && isLooser(state, fallback))
      problems.push({ path: at, expected: 'no more than the fallback: all open is what a cut cable shows', found: 'more' });
  }
  return problems;
};

/** What is wrong with them together: path, what was expected, what was found. */
export const inputProblems = (inputs: readonly InputFile[] = [], hasBroker: boolean): readonly Problem[] =>
  inputs.flatMap((input, index) => {
    const place = `site.limits.inputs[${index}]`;
    const problems: Problem[] = input.kind === 'contacts' ? [...contactProblems(input, place)] : [];
    if (inputs.findIndex((one) => one.name === input.name) < index)
      problems.push({ path: `${place}.name`, expected: 'a name no other source has', found: JSON.stringify(input.name) });
    if (Object.keys(input.fallback).length === 0)
      problems.push({ path: `${place}.fallback`, expected: 'at least one limit', found: 'none' });
    if (input.kind === 'mqtt' && !hasBroker)
      problems.push({ path: 'broker', expected: `the broker of the source ${input.name}`, found: 'nothing' });
    return problems;
  });
