import * as v from 'valibot';
import { BrokerSchema, inputEntries } from './inputs.ts';
import { localLimitEntries } from './local-schema.ts';

/** Format of the configuration file this release writes; it reads this and the next (design D17). */
export const CONFIGURATION_FORMAT = 1;
export const CONFIGURATION_BYTES_MAX = 256 * 1024;
const LINES_MAX = 8;
const DEVICES_MAX = 64;
const UTILITIES_MAX = 4;
/** 1 GW: beyond it a number is a typing error. */
const POWER_MAX = 1_000_000_000;
const BAUD_RATES = [1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] as const;
const UNIT_ID_MAX = 247;
const PATH_MAX = 255;
/** Eight decimal digits of an mRID hold it. */
const PEN_MAX = 99_999_999;

const name = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'small letters, digits and hyphens, 1 to 32 of them, no hyphen first'),
);

/** Names of the files of config/utility carry a version with a dot. */
const profileName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'small letters, digits, dots and hyphens, 1 to 64 of them, a letter or digit first'),
);

const named = (description: string) => v.pipe(name, v.description(description));

const power = v.pipe(v.number(), v.minValue(0), v.maxValue(POWER_MAX));

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(PATH_MAX));

const SiteSchema = v.strictObject({
  id: named('Name of the site, for people and for the broker.'),
  limits: v.strictObject({
    commissioned: v.pipe(
      v.strictObject({
        exportW: v.pipe(v.nullable(power), v.description('Most the site may ever export, watts; null: no such limit.')),
        generationW: v.pipe(
          v.nullable(power),
          v.description('Most all inverters together may ever generate, watts; null: no such limit.'),
        ),
        importW: v.exactOptional(
          v.pipe(v.nullable(power), v.description('Most the site may ever import, watts; null or absent: no such limit.')),
        ),
        exportPerPhaseW: v.exactOptional(
          v.pipe(
            v.nullable(power),
            v.description(
              'Most each of the three phases may ever export, watts; the meter has to tell them apart. Null or absent: no such limit.',
            ),
          ),
        ),
      }),
      v.description('Limits that always bind, whatever a utility says; they only ever tighten.'),
    ),
    fallback: v.pipe(
      v.strictObject({
        exportW: v.pipe(power, v.description('Export limit, watts.')),
        importW: v.pipe(v.nullable(power), v.description('Import limit, watts; null: none.')),
      }),
      v.description('Limits that bind where no utility default was ever stored, or none is left.'),
    ),
    ...localLimitEntries,
    ...inputEntries,
  }),
  gridCodeWrites: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description(
        'The utility may set what the grid code sets (power factor, reactive power). What was found is given back afterwards. Absent: false.',
      ),
    ),
  ),
  storageBeforeCurtailment: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description(
        'Storage takes the sun that an export limit would curtail, by charging or by discharging less. Absent: true.',
      ),
    ),
  ),
});

const LineSchema = v.strictObject({
  name: named('Name of the line, unique.'),
  path: v.exactOptional(
    v.pipe(
      path,
      v.regex(/^\//, 'an absolute path'),
      v.description('Serial device: /dev/serial/by-path/... rather than /dev/ttyUSB0. Absent: a line over Modbus TCP.'),
    ),
  ),
  tcp: v.exactOptional(
    v.pipe(
      v.strictObject({
        host: v.pipe(
          v.string(),
          v.regex(/^[0-9A-Za-z][0-9A-Za-z.:-]{0,252}$/, 'a host name or an address'),
          v.description('Name or address of the inverter or gateway.'),
        ),
        port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535), v.description('TCP port, 502 as a rule.')),
      }),
      v.description('Modbus TCP server; the units behind it are the units of this line. Absent: a serial line.'),
    ),
  ),
  baudRate: v.exactOptional(
    v.pipe(v.picklist(BAUD_RATES), v.description('Bits a second; with tcp: of the serial line behind it, if there is one.')),
  ),
  parity: v.exactOptional(v.picklist(['none', 'even', 'odd'])),
  stopBits: v.exactOptional(v.picklist([1, 2])),
});

const StorageSchema = v.pipe(
  v.strictObject({
    reservePercent: v.exactOptional(
      v.pipe(
        v.number(),
        v.minValue(0),
        v.maxValue(100),
        v.description('State of charge below which the gateway never discharges it, per cent. Absent: 0.'),
      ),
    ),
    gridCharge: v.exactOptional(
      v.pipe(v.boolean(), v.description('It may be told to charge from the grid. Absent: false, from surplus alone.')),
    ),
    hybridOf: v.exactOptional(
      v.pipe(name, v.description('The inverter whose AC output it shares (hybrid). Absent: it has an output of its own.')),
    ),
  }),
  v.description('Of storage: what its owner allows.'),
);

const LoadSchema = v.pipe(
  v.strictObject({
    maxPowerW: v.pipe(power, v.gtValue(0), v.description('What it draws at most, watts; a load does not say so itself.')),
    normallyOn: v.exactOptional(v.pipe(v.boolean(), v.description('It runs while nothing limits. Absent: true.'))),
  }),
  v.description('Of a controllable load; required there.'),
);

const DeviceSchema = v.strictObject({
  id: named('Name of the device, unique.'),
  role: v.pipe(
    v.picklist(['inverter', 'meter', 'storage', 'load']),
    v.description('A meter is the one at the connection point; a load is one that the gateway may switch.'),
  ),
  line: named('Name of the line it is on.'),
  unitId: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1),
    v.maxValue(UNIT_ID_MAX),
    v.description('Modbus unit id, unique on the line.'),
  ),
  profile: named('Device profile: the name of a file in drivers/profile without .json.'),
  serialNumber: v.exactOptional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(32),
      v.description('As the device itself states it. Absent: the first verified contact records it.'),
    ),
  ),
  sign: v.exactOptional(
    v.pipe(
      v.picklist([1, -1]),
      v.description('Of a meter: 1 when positive power is import as SunSpec says, -1 when it is mounted the other way round.'),
    ),
  ),
  phase: v.exactOptional(
    v.pipe(
      v.picklist(['a', 'b', 'c']),
      v.description(
        'Of a single-phase inverter, or storage with an output of its own: the phase of the meter that it feeds. Absent: all three alike.',
      ),
    ),
  ),
  storage: v.exactOptional(StorageSchema),
  load: v.exactOptional(LoadSchema),
});

const serverLFDI = v.exactOptional(
  v.pipe(
    v.string(),
    v.regex(/^[0-9A-F]{40}$/, '40 hexadecimal digits, capital letters'),
    v.description('The one server certificate to accept. Absent: any that chains to the roots.'),
  ),
);

const UtilitySchema = v.strictObject({
  name: named('Name of the utility server, unique; stored events belong to it.'),
  profile: v.pipe(profileName, v.description('Utility profile: the name of a file in config/utility without .json.')),
  url: v.pipe(
    v.string(),
    v.maxLength(1024),
    v.regex(/^(https:\/\/[^\s/]+|([a-zA-Z0-9-]{1,63}\.)+[a-zA-Z]{2,63}$)/, 'an https:// address, or the domain of the utility'),
    v.description('Address of the DeviceCapability resource; or a domain alone, where DNS tells it (DNS-SD, _smartenergy._tcp).'),
  ),
  registrationPin: v.pipe(
    v.nullable(name),
    v.description('Name of the secret that holds the registration PIN; null: the PIN is not checked.'),
  ),
  nmi: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(/^[0-9A-HJ-NP-Z]{10}[0-9]$/, 'a National Metering Identifier with its check digit, 11 characters'),
      v.description('NMI of the connection point, for utilities that ask for it (profile: connectionPoint).'),
    ),
  ),
  pen: v.exactOptional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(PEN_MAX),
      v.description(
        'IANA private enterprise number that ends our mRIDs; it must never change once readings were posted. Absent: 32473, the one for documentation.',
      ),
    ),
  ),
  identity: v.variant('kind', [
    v.strictObject({
      kind: v.pipe(v.literal('tpm'), v.description('Key in the TPM, certificate installed by `gridward identity install`.')),
      trust: v.pipe(path, v.description('PEM: the roots (SERCA) the server must chain to.')),
      serverLFDI,
    }),
    v.strictObject({
      kind: v.pipe(v.literal('file'), v.description('Key in a file: laboratories only.')),
      certificate: v.pipe(
        path,
        v.description('PEM: device certificate first, then its chain. Relative to the configuration directory.'),
      ),
      key: v.pipe(path, v.description('PEM: private key of the device.')),
      renewed: v.exactOptional(
        v.pipe(
          v.strictObject({ certificate: path, key: path }),
          v.description(
            'PEM: a renewed certificate with its chain, and its key. It takes over once it has completed a walk; until then the one above serves.',
          ),
        ),
      ),
      trust: v.pipe(path, v.description('PEM: the roots (SERCA) the server must chain to.')),
      serverLFDI,
    }),
  ]),
});

/** The whole configuration file. The JSON Schema in config/schema is made from it (config/schema/generate.ts). */
export const ConfigurationSchema = v.pipe(
  v.strictObject({
    format: v.pipe(v.picklist([CONFIGURATION_FORMAT, CONFIGURATION_FORMAT + 1]), v.description('Format of this file.')),
    site: SiteSchema,
    lines: v.pipe(
      v.array(LineSchema),
      v.minLength(1),
      v.maxLength(LINES_MAX),
      v.description('Lines: serial (RS-485), or Modbus TCP.'),
    ),
    devices: v.pipe(v.array(DeviceSchema), v.minLength(1), v.maxLength(DEVICES_MAX), v.description('Devices of the site.')),
    broker: v.exactOptional(BrokerSchema),
    utilities: v.pipe(
      v.array(UtilitySchema),
      v.maxLength(UTILITIES_MAX),
      v.description('Utility servers; none: the site runs on its own limits.'),
    ),
  }),
  v.title('Gridward configuration'),
  v.description('One site. Change it by validate, replace, restart.'),
);

export type ConfigurationFile = v.InferOutput<typeof ConfigurationSchema>;
