/**
 * Runs in a container: a name server for one zone, and the HTTP endpoint that lego's provider `httpreq` writes TXT
 * records through. Enough of DNS (RFC 1035) for the questions that lego and pebble ask.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';

const [, , zone = '', address = '', password = ''] = process.argv;
const TYPE = { A: 1, NS: 2, SOA: 6, TXT: 16 } as const;
const records = new Map<string, Set<string>>();

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

/** @returns the data of each answer */
function answers(name: string, type: number): Buffer[] {
  if (type === TYPE.SOA && name === zone) {
    const numbers = Buffer.alloc(20);
    numbers.writeUInt32BE(1, 0);
    return [Buffer.concat([nameBytes(`ns.${zone}`), nameBytes(`admin.${zone}`), numbers])];
  }
  if (type === TYPE.NS && name === zone) return [nameBytes(`ns.${zone}`)];
  if (type === TYPE.A && name === `ns.${zone}`) return [Buffer.from(address.split('.').map(Number))];
  if (type !== TYPE.TXT) return [];
  return [...(records.get(name) ?? [])].map((value) =>
    Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]),
  );
}

function reply(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const found = answers(labels.join('.').toLowerCase(), type);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An authoritative answer with one question and no more than answers.
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const parts = found.map((data) => {
    const head = Buffer.alloc(12);
    // A pointer to the question's name; class IN; a time to live of 1 s.
    head.writeUInt16BE(0xc00c, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(1, 6);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([header, query.subarray(12, at + 5), ...parts]);
}

const socket = createSocket('udp4', (query, { port, address: client }) => {
  socket.send(reply(query), port, client);
});
socket.bind(53);

// Pebble asks over TCP, where each message has its length before it.
createTcpServer((connection) => {
  let rest = Buffer.alloc(0);
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk) => {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const answer = reply(rest.subarray(2, end));
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      connection.write(Buffer.concat([length, answer]));
      rest = rest.subarray(end);
    }
  });
}).listen(53);

createServer((request, response) => {
  const expected = `Basic ${Buffer.from(`mcpgw:${password}`).toString('base64')}`;
  if (request.headers.authorization !== expected) return void response.writeHead(401).end();
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { fqdn, value } = JSON.parse(body) as { fqdn: string; value: string };
    const name = fqdn.replace(/\.$/, '').toLowerCase();
    const values = records.get(name) ?? new Set();
    if (request.url === '/present') values.add(value);
    else values.delete(value);
    records.set(name, values);
    response.end();
  });
}).listen(8053);
