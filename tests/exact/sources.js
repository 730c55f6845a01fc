// SPDX-License-Identifier: MIT
// sources.js - what is cut: one of every kind in the media manifest that has a
// way of its own to get a cut wrong.
//
// `against`: what the pictures of an edge are compared with. The source scaled
// to the rung's size, or what the chain of filters makes of it ('chain') where
// reeld is asked to show something else than the source has (fields, colours of
// HDR).
//
// Xvid in AVI is not here: of a packet with two pictures ffprobe gives the second
// one the time of the packet behind, so it cannot say what a clip has to show.
// frames.test.js counts its pictures.

export const SOURCES = [
  // Key frames far apart.
  {file: 'timing/one-gop-44s-1fps.mp4'},
  {file: 'film/bbb-full-270p24-9m56s.mp4'},
  {file: 'film/sintel-trailer-720p24.mp4'},
  {file: 'timing/intra-refresh-no-idr.mp4'},
  // B-frames, open GOPs.
  {file: 'timing/open-gop-bpyramid.mp4'},
  {file: 'timing/hevc-open-gop-cra.mp4'},
  {file: 'film/tos-1080p2997-qr-cmaf-8s.mp4'},
  // Edit lists, odd starts, variable and high rates.
  {file: 'timing/edit-list-trim-copy.mp4'},
  {file: 'formats/editlist-iibbibb.mp4'},
  {file: 'formats/editlist-positive-shift.mp4'},
  {file: 'timing/vfr-dropped-frames.mp4'},
  {file: 'timing/start-offset-10s.mp4'},
  {file: 'timing/start-offset-1h.mkv'},
  {file: 'timing/negative-cts.mp4'},
  {file: 'timing/negative-start.mp4'},
  {file: 'timing/fps-119.88.mp4'},
  {file: 'people/highway-540p5994-8s.mp4'},
  {file: 'speech/wanna-work-together-3min.mp4'},
  // Sound that is not as long as the pictures, or all that there is.
  {file: 'timing/audio-2s-late.mp4'},
  {file: 'timing/audio-longer-than-video.mp4'},
  {file: 'timing/video-longer-than-audio.mp4'},
  {file: 'audio/music-40s.flac'},
  {file: 'audio/bbb-20s.m4a'},
  {file: 'audio/bear.opus'},
  // Turned, interlaced, HDR, anamorphic.
  {file: 'phone/hlg-main10-rot270-editlist.mp4', against: 'chain'},
  {file: 'formats/interlaced-480i2997-mbaff.ts', against: 'chain'},
  {file: 'formats/anamorphic-576i25-mpeg2-ac3.mpg', against: 'chain'},
  {file: 'formats/rotate-and-reflect.mp4'},
  // Other containers.
  {file: 'timing/plain.ts'},
  {file: 'timing/pts-wrap.ts'},
  {file: 'people/signers-six-shots-480p30.mkv'},
  {file: 'formats/vp9-opus-720p.webm'},
  {file: 'formats/av1-opus-360p.webm'},
  {file: 'formats/h264-aac.flv'},
];
