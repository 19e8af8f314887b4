import { later, notClaimed, table } from './requirement.ts';

const SUBSCRIPTION = notClaimed('subscription');
const PRICING = notClaimed('pricing');
const RESPONSE = notClaimed('demand response');
const EVSE = notClaimed('EVSE variant');
const LOADS = later('class L, with the devices issue');
const SEVERAL = later('class M, with the devices issue');
const STORAGE = later('storage, with the devices issue');

/** CSIP-AUS communications client procedures (SA TS 5573): all of class A and C, and those of DER-A. */
export const CSIP_AUS_ALL = table([
  ['ALL-01', 'discovery, registered out of band'],
  ['ALL-02', 'discovery, registers itself'],
  ['ALL-03', 'connection point told'],
  ['ALL-03-REJ', 'wrong PIN: silence'],
  ['ALL-04', 'right PIN: goes on'],
  ['ALL-05', 'no RegistrationLink: goes on'],
  ['ALL-06', 'readings of five types, each interval; polls in time; limits of 0 W obeyed'],
  ['ALL-07', 'genConnectStatus follows a DER that is unplugged'],
  ['ALL-08', 'operationalModeStatus 2, 1, 2 as the source goes and comes'],
  ['ALL-09', 'capability and settings with the modes'],
  ['ALL-10', 'another postRate is followed'],
  ['ALL-11', 'energise and de-energise'],
  ['ALL-12', 'disconnect for ten minutes, and back'],
  ['ALL-13', 'the default ramp rate is echoed in DERSettings'],
  ['ALL-14', 'subscribe', SUBSCRIPTION],
  ['ALL-15', 'energise by subscription', SUBSCRIPTION],
  ['ALL-16', 'disconnect by subscription', SUBSCRIPTION],
  ['ALL-17', 'ramp by subscription', SUBSCRIPTION],
  ['ALL-18', 'responses 1 2 3; 1 2 6; 1 6; 1 7'],
  ['ALL-19', 'another pollRate of the assignments is followed'],
  ['ALL-20', 'another pollRate of the programs is followed'],
  ['ALL-21', '24 back-to-back events, all answered, polls in time'],
  ['ALL-22', 'randomised starts, chained without gaps'],
  ['ALL-23', 'communication lost: the schedule runs on, then the default; back on return'],
  ['ALL-24', 'multipliers 0, 1 and 2'],
  ['ALL-25', 'rampTms of a control, then setGradW'],
  ['ALL-25-EXT', '72 hours of six-hour events at hourly rates (in CI a quarter of an hour each, all with GRIDWARD_LONG=1)'],
  ['ALL-26', 'de-energise: output to zero and back'],
  ['ALL-27', 'disconnect: output to zero and back'],
  ['ALL-28', 'changing ramp rates: 15 s, rampTms, setGradW'],
  ['ALL-29', 'readings agree with the site at five limits'],
  ['ALL-30', 'power cycle without network: the stored default; then an event begun before'],
]);

/** The same procedures: generation, load, several devices, storage, and what is not claimed. */
export const CSIP_AUS_CLASSES = table([
  ['GEN-01', 'export limit of 0 W'],
  ['GEN-02', 'generation limit of 0 W'],
  ['GEN-03', 'default export limit, to and from it at setGradW'],
  ['GEN-04', 'default generation limit, to and from it at setGradW'],
  ['GEN-05', 'export limit by subscription', SUBSCRIPTION],
  ['GEN-06', 'generation limit by subscription', SUBSCRIPTION],
  ['GEN-07', 'default export limit by subscription', SUBSCRIPTION],
  ['GEN-08', 'default generation limit by subscription', SUBSCRIPTION],
  ['GEN-09', 'cancelled export limit: the default'],
  ['GEN-10', 'primacy per mode: 15 programs, two assignments'],
  ['GEN-11', 'export limits in turn'],
  ['GEN-12', 'generation limits in turn'],
  ['GEN-13', 'export limit held through a changing load'],
  ...Array.from({ length: 13 }, (_, index): readonly [string, string, typeof LOADS] => {
    const subscribed = index >= 4 && index < 8;
    return [`LOA-${String(index + 1).padStart(2, '0')}`, 'as GEN, of import and load', subscribed ? SUBSCRIPTION : LOADS];
  }),
  ['MUL-01', 'status of several DER', SEVERAL],
  ['MUL-02', 'readings of several DER', SEVERAL],
  ['MUL-03', 'capability of several DER', SEVERAL],
  ['STO-01', 'stored energy', STORAGE],
  ['STO-02', 'capability and settings of storage', STORAGE],
  ['STO-03', 'storage target inside a limit', STORAGE],
  ['STO-04', 'stored energy, witnessed', STORAGE],
  ['STO-05', 'capability and settings of storage, witnessed', STORAGE],
  ['STO-06', 'storage target inside a limit, witnessed', STORAGE],
  ['SDVN-01', 'of the versions at .well-known/csipaus only a good entry is used'],
  ['P-01', 'one control of two EndDevices', notClaimed('aggregation')],
  ['P-02', 'an assignment taken away: silence about its events'],
  ['P-03', 'a control of 24 hours, cancelled'],
  ['PRC-01', 'pricing', PRICING],
  ['PRC-02', 'prices interpreted', PRICING],
  ['PRC-03', 'price poll rates', PRICING],
  ['PRC-04', 'price interval cancelled', PRICING],
  ['PRC-05', 'rate components that change', PRICING],
  ['DRA-01', 'demand response, configuration', RESPONSE],
  ['DRA-02', 'demand response, disconnect', RESPONSE],
  ['DRD-01', 'demand response, instructions of a DRED', RESPONSE],
  ['DRG-01', 'demand response, generation', RESPONSE],
  ['DRL-01', 'demand response, load', RESPONSE],
  ['ALT-ALL-29', 'readings of an EVSE', EVSE],
  ['ALT-LOA-13', 'import of an EVSE', EVSE],
]);
