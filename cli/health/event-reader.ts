/** Server-sent events, as far as MCP needs them: the data of each event (WHATWG HTML §9.2.6). */
import { StringDecoder } from 'node:string_decoder';

/** @returns takes the stream's chunks in their order, and gives the data of the events that are complete with each */
export function createEventReader(): (chunk: Buffer) => string[] {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let data: string[] = [];
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    const events: string[] = [];
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      if (line !== '') continue;
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    }
    return events;
  };
}
