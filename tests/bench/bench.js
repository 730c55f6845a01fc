// bench.js - make bench: all benchmarks, or those named on the command line.
import {cpus} from 'node:os';
import {readFileSync} from 'node:fs';

const all = ['start', 'open', 'cold', 'ladder', 'serve', 'clips', 'memory', 'secrets'];
const names = process.argv.slice(2).length ? process.argv.slice(2) : all;
const model = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
console.log(`${new Date().toISOString()}, ${cpus().length} cores, ${model}`);
for (const name of names) {
  if (!all.includes(name))
    throw new Error(`no benchmark ${name}; there are ${all.join(' ')}`);
  console.log(`\n## ${name}\n`);
  await (await import(`./${name}.js`)).default();
}
