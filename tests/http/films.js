// SPDX-License-Identifier: MIT
// films.js - small uploads for tests, made once by ffmpeg.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, renameSync} from 'node:fs';
import {join, resolve} from 'node:path';

const PLACE = resolve(import.meta.dirname, '../../build/films');
const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
const NOISE = ['-f', 'lavfi', '-i', 'anoisesrc=sample_rate=48000:amplitude=0.5:seed=7'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-sc_threshold', '0'];
const AAC = ['-c:a', 'aac', '-b:a', '96k', '-ac', '2'];

const FILMS = {
  // Six seconds that players understand as they are.
  'plain.mp4': [...PICTURE, ...SOUND, '-t', '6', ...H264, ...AAC, '-movflags', '+faststart'],
  // Of the colours and size that reeld encodes in, by another encoder's choices:
  // edges of it go together with its own packets.
  'tagged.mp4': ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', ...SOUND, '-t', '12', '-c:v', 'libx264',
    '-preset', 'veryfast', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-g', '50', '-sc_threshold', '0', '-bf', '2',
    '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv', ...AAC],
  // Must be encoded before anybody can play it.
  'mpeg4.mkv': [...PICTURE, ...SOUND, '-t', '5', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
  'silent.mp4': ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=30', '-t', '4', ...H264],
  'tall.mkv': ['-f', 'lavfi', '-i', 'testsrc2=size=180x320:rate=24', '-f', 'lavfi', '-i', 'sine=frequency=880:sample_rate=44100',
    '-t', '4', ...H264, '-c:a', 'aac', '-ac', '1'],
  // A white picture and a tone of 40 ms at every whole second.
  'blips.mp4': ['-f', 'lavfi', '-i', "color=black:size=320x240:rate=25,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.039)'",
    '-f', 'lavfi', '-i', "aevalsrc='if(lt(mod(t,1),0.04),0.8*sin(2*PI*1000*t),0)':s=48000",
    '-t', '8', ...H264, ...AAC],
  // No two places of their sound are alike.
  'noise.mp4': [...PICTURE, ...NOISE, '-t', '12', ...H264, ...AAC],
  'noise.mov': [...PICTURE, ...NOISE, '-t', '12', ...H264, '-c:a', 'pcm_s16le', '-ac', '2'],
  'still.png': [...PICTURE, '-frames:v', '1'],
  'sound.oga': [...SOUND, '-t', '5', '-c:a', 'libvorbis', '-f', 'ogg'],
  // A minute and a half: long enough for what README cuts out of it.
  'long.mp4': ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', ...SOUND, '-t', '90', ...H264, ...AAC, '-movflags', '+faststart'],
  'sound.mp3': [...SOUND, '-t', '5', '-c:a', 'libmp3lame'],
};

export function film(name) {
  const path = join(PLACE, name);
  if (existsSync(path))
    return path;
  mkdirSync(PLACE, {recursive: true});
  const part = join(PLACE, `${process.pid}-${name}`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...FILMS[name], part]);
  renameSync(part, path);
  return path;
}
