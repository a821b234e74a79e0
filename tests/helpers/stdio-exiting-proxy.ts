/** Opens a session whose server ignores SIGTERM, behind a wrapper, and exits without closing anything. */
import { RawClient, startProxy, WRAPPER } from './stdio-proxy.ts';

const { url } = await startProxy({ args: process.argv.slice(2), script: WRAPPER });
await new RawClient(url).initialize();
process.exit(0);
