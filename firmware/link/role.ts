import type { Result } from '#base/result.ts';
import { type ClientOptions, connectLink, type LinkClient } from './client.ts';
import type {
  ClockAnchor,
  ConfigStore,
  ConfigStored,
  Done,
  Hello,
  LocalLimitMessage,
  LockoutReset,
  LogHead,
  MeterCheckReport,
  MeterCheckRequest,
  NorthNote,
  ProgramSetMessage,
  ScanReport,
  ScanRequest,
  SiteSnapshot,
  Tape,
  TapeRequest,
  Trace,
  TraceRequest,
  ViewSnapshot,
} from './message.ts';
import { LINK_PROTOCOL } from './message.ts';
import type { ListenFault } from './port.ts';
import {
  decodeControlMessage,
  decodeInstallMessage,
  decodeInstallRequest,
  decodeNorthMessage,
  decodeViewMessage,
  decodeViewRequest,
} from './schema.ts';
import { type LinkServer, serveLink, type ServerOptions } from './server.ts';

/** Socket of each role in the runtime directory, and its mode: northd's user alone, and the group of the tools. */
export const PLAN_SOCKET = { file: 'control.sock', mode: 0o600 } as const;
export const VIEW_SOCKET = { file: 'view.sock', mode: 0o660 } as const;

export const INSTALL_SOCKET = { file: 'install.sock', mode: 0o600 } as const;

/** What follows the hello, each way. */
export type FromNorth = ClockAnchor | ProgramSetMessage | NorthNote | LocalLimitMessage;
export type ToNorth = SiteSnapshot | LogHead;
export type FromInstaller = LockoutReset | MeterCheckRequest | ConfigStore;
export type ToInstaller = Done | MeterCheckReport | ConfigStored;
export type FromViewer = TraceRequest | TapeRequest | ScanRequest;
export type ToViewer = ViewSnapshot | Trace | Tape | ScanReport;

type Server<In extends { readonly type: string }, Out extends { readonly type: string }> = Omit<
  ServerOptions<In, Out>,
  'decode' | 'path' | 'mode'
> & {
  /** Runtime directory. */
  readonly directory: string;
};
type Client<In extends { readonly type: string }> = Omit<ClientOptions<In>, 'decode' | 'path' | 'hello'> & {
  readonly directory: string;
  readonly release: string;
};

/** controld's side of the plan role. */
export const servePlan = async (options: Server<FromNorth, ToNorth>): Promise<Result<LinkServer<ToNorth>, ListenFault>> =>
  await serveLink({
    ...options,
    path: `${options.directory}/${PLAN_SOCKET.file}`,
    mode: PLAN_SOCKET.mode,
    decode: decodeNorthMessage,
  });

/** controld's side of the view role. */
export const serveView = async (options: Server<FromViewer, ToViewer>): Promise<Result<LinkServer<ToViewer>, ListenFault>> =>
  await serveLink({
    ...options,
    path: `${options.directory}/${VIEW_SOCKET.file}`,
    mode: VIEW_SOCKET.mode,
    decode: decodeViewRequest,
  });

/** controld's side of the installer's role. */
export const serveInstall = async (
  options: Server<FromInstaller, ToInstaller>,
): Promise<Result<LinkServer<ToInstaller>, ListenFault>> =>
  await serveLink({
    ...options,
    path: `${options.directory}/${INSTALL_SOCKET.file}`,
    mode: INSTALL_SOCKET.mode,
    decode: decodeInstallRequest,
  });

/** northd's side of the plan role. `onUp` gives controld's hello with the plan it holds: send the set when it differs. */
export const connectPlan = (options: Client<ToNorth>): LinkClient<FromNorth> =>
  connectLink({
    ...options,
    path: `${options.directory}/${PLAN_SOCKET.file}`,
    decode: decodeControlMessage,
    hello: () => helloOf(options.release, null),
  });

/** An installer's tool's side. */
export const connectInstall = (options: Client<ToInstaller>): LinkClient<FromInstaller> =>
  connectLink({
    ...options,
    path: `${options.directory}/${INSTALL_SOCKET.file}`,
    decode: decodeInstallMessage,
    hello: () => helloOf(options.release, null),
  });

/** A viewer's side. */
export const connectView = (options: Client<ToViewer>): LinkClient<FromViewer> =>
  connectLink({
    ...options,
    path: `${options.directory}/${VIEW_SOCKET.file}`,
    decode: decodeViewMessage,
    hello: () => helloOf(options.release, null),
  });

export const helloOf = (release: string, planId: string | null): Hello => ({
  type: 'hello',
  protocol: LINK_PROTOCOL,
  release,
  planId,
});
