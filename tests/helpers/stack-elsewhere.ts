/**
 * A server that is no part of the stack, in a container of its own: `node stack-elsewhere.ts PORT`. Its tools tell what
 * came to it.
 */
import { createServer } from 'node:http';
import { sdk1Server } from '../remote/support.ts';

createServer(sdk1Server()).listen(Number(process.argv[2]));
