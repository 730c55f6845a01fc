// format.js - times and sizes as people read them.

const two = (n) => String(n).padStart(2, '0');

// 3725.4 -> "1:02:05"
export function duration(seconds) {
  const s = Math.round(seconds);
  const hours = Math.floor(s / 3600);
  return (hours ? `${hours}:${two(Math.floor(s / 60) % 60)}` : `${Math.floor(s / 60)}`) + `:${two(s % 60)}`;
}

// 65.0417 -> "1:05.042": where a frame matters.
export function exact(seconds) {
  const ms = Math.round(seconds * 1000);
  return `${duration(Math.floor(ms / 1000))}.${String(ms % 1000).padStart(3, '0')}`;
}

// "1:05.042", "65.042" or "1:02:05" -> seconds; NaN for anything else.
export function seconds(text) {
  if (!/^\d+(:\d{1,2}){0,2}(\.\d+)?$/.test(text.trim()))
    return NaN;
  return text.trim().split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

export function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++)
    n /= 1000;
  return `${n.toFixed(i && n < 100 ? 1 : 0)} ${units[i]}`;
}
