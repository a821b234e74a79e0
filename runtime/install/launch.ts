/** What starts an installed server: an executable and the arguments that come before the catalog's own. */
export interface Launch {
  file: string;
  args: string[];
}

/** A server that cannot be installed or started here; the message says why and what to do. */
export class InstallError extends Error {
  override name = 'InstallError';
}

export interface InstallOptions {
  /** Folder that holds every installed server, each in a folder of its own by name and version. */
  folder: string;
  /** Called once, and only when something has to be fetched. @param what the package, with its version where that is known */
  onFetch?: (what: string) => void;
  signal?: AbortSignal;
}
