// boxes.js - reads ISO BMFF boxes and MPEG-TS packets, for tests to look into
// what reeld made. Throws on anything that does not parse.

const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'mvex', 'moof', 'traf', 'dinf']);

export function boxes(buffer, from = 0, to = buffer.length) {
  const found = [];
  for (let at = from; at < to;) {
    const size = buffer.readUInt32BE(at);
    const type = buffer.toString('latin1', at + 4, at + 8);
    if (size < 8 || at + size > to)
      throw new Error(`box ${type} at ${at} of ${size} bytes leaves its parent`);
    const box = {type, at, size, body: buffer.subarray(at + 8, at + size)};
    if (CONTAINERS.has(type))
      box.children = boxes(buffer, at + 8, at + size);
    found.push(box);
    at += size;
  }
  return found;
}

// The first box down a path: find(list, 'moov', 'trak', 'mdia', 'mdhd').
export function find(list, ...path) {
  let box = null;
  for (const type of path) {
    box = list.find((b) => b.type === type);
    if (!box)
      return null;
    list = box.children || [];
  }
  return box;
}

function readTrun(body) {
  const version = body[0];
  const flags = body.readUIntBE(1, 3);
  const count = body.readUInt32BE(4);
  let at = 8;
  const run = {version, flags, samples: [], dataOffset: null, firstFlags: null};
  if (flags & 1) {
    run.dataOffset = body.readInt32BE(at);
    at += 4;
  }
  if (flags & 4) {
    run.firstFlags = body.readUInt32BE(at);
    at += 4;
  }
  for (let i = 0; i < count; i++) {
    const sample = {};
    for (const [bit, name] of [[0x100, 'duration'], [0x200, 'size'], [0x400, 'flags']]) {
      if (flags & bit) {
        sample[name] = body.readUInt32BE(at);
        at += 4;
      }
    }
    if (flags & 0x800) {
      sample.offset = version ? body.readInt32BE(at) : body.readUInt32BE(at);
      at += 4;
    }
    run.samples.push(sample);
  }
  return run;
}

function readTfhd(body) {
  const flags = body.readUIntBE(1, 3);
  const defaults = {flags};
  let at = 8;
  for (const [bit, name, bytes] of [[1, 'baseDataOffset', 8], [2, 'description', 4], [8, 'duration', 4],
    [0x10, 'size', 4], [0x20, 'sampleFlags', 4]]) {
    if (flags & bit) {
      defaults[name] = bytes === 8 ? Number(body.readBigUInt64BE(at)) : body.readUInt32BE(at);
      at += bytes;
    }
  }
  return defaults;
}

// Each moof+mdat of a segment: times, samples with their defaults filled in.
export function fragments(buffer) {
  const all = boxes(buffer);
  const found = [];
  all.forEach((box, i) => {
    if (box.type !== 'moof')
      return;
    const trafs = box.children.filter((b) => b.type === 'traf');
    const tfhd = readTfhd(find(trafs, 'traf', 'tfhd').body);
    const tfdt = find(trafs, 'traf', 'tfdt').body;
    const truns = trafs[0].children.filter((b) => b.type === 'trun').map((b) => readTrun(b.body));
    const run = truns[0];
    run.samples.forEach((s, n) => {
      s.duration ??= tfhd.duration;
      s.size ??= tfhd.size;
      s.flags ??= n === 0 && run.firstFlags !== null ? run.firstFlags : tfhd.sampleFlags;
      s.offset ??= 0;
    });
    found.push({
      trafs: trafs.length, truns: truns.length, tfhd, run, moof: box, mdat: all[i + 1],
      sequence: find(box.children, 'mfhd').body.readUInt32BE(4),
      tfdtVersion: tfdt[0],
      time: tfdt[0] ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4),
    });
  });
  return {types: all.map((b) => b.type), fragments: found};
}

// Every packet of a transport stream: {pid, counter, starts, payload, pcr}.
export function packets(buffer) {
  if (buffer.length % 188 !== 0)
    throw new Error(`${buffer.length} bytes are no whole packets`);
  const found = [];
  for (let at = 0; at < buffer.length; at += 188) {
    if (buffer[at] !== 0x47)
      throw new Error(`no sync byte at ${at}`);
    const control = buffer[at + 3] >> 4 & 3;
    let begin = at + 4;
    const packet = {
      pid: buffer.readUInt16BE(at + 1) & 0x1fff, starts: Boolean(buffer[at + 1] & 0x40),
      isBad: Boolean(buffer[at + 1] & 0x80), isScrambled: Boolean(buffer[at + 3] & 0xc0),
      counter: buffer[at + 3] & 15, hasPayload: Boolean(control & 1),
    };
    if (control & 2) {
      const length = buffer[begin];
      packet.randomAccess = length > 0 && Boolean(buffer[begin + 1] & 0x40);
      packet.discontinuity = length > 0 && Boolean(buffer[begin + 1] & 0x80);
      if (length > 0 && buffer[begin + 1] & 0x10)
        packet.pcr = buffer.readUInt32BE(begin + 2) * 2 + (buffer[begin + 6] >> 7);
      begin += 1 + length;
    }
    packet.payload = packet.hasPayload ? buffer.subarray(begin, at + 188) : Buffer.alloc(0);
    found.push(packet);
  }
  return found;
}

const stamp = (b, at) => (b[at] >> 1 & 7) * 2 ** 30 + (b.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (b.readUInt16BE(at + 3) >> 1);

// The PES packets of one PID: {pts, dts, data, randomAccess}.
export function pes(all, pid) {
  const found = [];
  for (const p of all.filter((x) => x.pid === pid && x.hasPayload)) {
    if (p.starts)
      found.push({parts: [], randomAccess: p.randomAccess, packet: p});
    found.at(-1)?.parts.push(p.payload);
  }
  return found.map(({parts, randomAccess}) => {
    const bytes = Buffer.concat(parts);
    if (bytes.readUIntBE(0, 3) !== 1)
      throw new Error(`PID ${pid}: no PES start code`);
    const has = bytes[7] >> 6;
    const pts = has & 2 ? stamp(bytes, 9) : null;
    return {pts, dts: has === 3 ? stamp(bytes, 14) : pts, randomAccess, length: bytes.readUInt16BE(4),
      data: bytes.subarray(9 + bytes[8])};
  });
}

// Types of the NAL units of an Annex B access unit, in order.
export function nalTypes(data) {
  const types = [];
  for (let i = 0; i + 3 < data.length; i++)
    if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 1)
      types.push(data[i + 3] & 31);
  return types;
}
