import type { ValueOf } from './grammar.ts';
import {
  deviceCapability,
  endDevice,
  endDeviceList,
  error,
  functionSetAssignments,
  functionSetAssignmentsList,
  registration,
  timeResource,
  connectionPoint,
} from './discovery.ts';
import { defaultDERControl, derControl, derControlList, derCurve, derCurveList, derProgram, derProgramList } from './program.ts';
import { der, derAvailability, derCapability, derList, derSettings, derStatus } from './der.ts';
import { mirrorMeterReading, mirrorMeterReadingList, mirrorUsagePoint, mirrorUsagePointList } from './metering.ts';
import { derControlResponse, logEvent } from './event.ts';

/** Every resource a direct client reads or writes, by the name of its root element. */
export const RESOURCES = {
  DeviceCapability: deviceCapability,
  Time: timeResource,
  EndDeviceList: endDeviceList,
  EndDevice: endDevice,
  Registration: registration,
  ConnectionPoint: connectionPoint,
  FunctionSetAssignmentsList: functionSetAssignmentsList,
  FunctionSetAssignments: functionSetAssignments,
  DERProgramList: derProgramList,
  DERProgram: derProgram,
  DERControlList: derControlList,
  DERControl: derControl,
  DefaultDERControl: defaultDERControl,
  DERCurveList: derCurveList,
  DERCurve: derCurve,
  DERList: derList,
  DER: der,
  DERCapability: derCapability,
  DERSettings: derSettings,
  DERStatus: derStatus,
  DERAvailability: derAvailability,
  MirrorUsagePointList: mirrorUsagePointList,
  MirrorUsagePoint: mirrorUsagePoint,
  MirrorMeterReadingList: mirrorMeterReadingList,
  MirrorMeterReading: mirrorMeterReading,
  DERControlResponse: derControlResponse,
  LogEvent: logEvent,
  Error: error,
} as const;

export type ResourceName = keyof typeof RESOURCES;

/** The value of a resource: element and attribute names as on the wire. */
export type ResourceOf<N extends ResourceName> = ValueOf<(typeof RESOURCES)[N]>;

export const RESOURCE_NAMES = Object.keys(RESOURCES) as readonly ResourceName[];

/** Resources whose own root element is in the CSIP-AUS namespace. */
export const EXTENSION_ROOTS: readonly ResourceName[] = ['ConnectionPoint'];
