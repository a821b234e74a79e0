/** Runs a package manager to its end, quietly; on failure the reason is in the error. */
import { execa } from 'execa';
import { basicEnvironment } from '../config/child-env.ts';
import { InstallError } from './launch.ts';

/** Lines of a failed tool's output that are worth showing. */
const SHOWN_LINES = 3;

/**
 * @param what the package, for the message
 * @returns what it wrote to stdout
 * @throws InstallError when the tool is missing or fails
 */
export async function runTool(
  what: string,
  file: string,
  args: string[],
  options: { cwd: string; signal?: AbortSignal | undefined },
): Promise<string> {
  const result = await execa(file, args, {
    cwd: options.cwd,
    // A package's build code runs here: it sees none of the gateway's secrets.
    extendEnv: false,
    env: toolEnvironment(process.env),
    reject: false,
    stdin: 'ignore',
    ...(options.signal ? { cancelSignal: options.signal } : {}),
    forceKillAfterDelay: 2_000,
  });
  if (result.failed) throw new InstallError(`${what} could not be fetched: ${reason(file, result)}`);
  return result.stdout ?? '';
}

/** What a package manager needs: the basics, and its own settings. */
function toolEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(environment).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && /^(?:npm_config_|PIP_|UV_)/i.test(pair[0]),
  );
  return { ...basicEnvironment(environment), ...Object.fromEntries(own) };
}

function reason(
  file: string,
  result: { code?: string | undefined; stderr?: string; stdout?: string; isCanceled: boolean },
): string {
  if (result.isCanceled) return 'interrupted';
  if (result.code === 'ENOENT')
    return `${file} is not on this machine${file === 'npm' ? '; it comes with Node.js, on Debian in the package npm' : ''}`;
  const text = `${result.stderr ?? ''}\n${result.stdout ?? ''}`;
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|NewConnectionError|Name or service not known/.test(
      text,
    )
  ) {
    return 'the package registry cannot be reached; check the network and start again';
  }
  if (/npm (?:error|ERR!) code E404/.test(text)) return 'npm has no such package; look at its name';
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/A complete log of this run/.test(line));
  return lines.slice(0, SHOWN_LINES).join(' / ') || `${file} failed`;
}
