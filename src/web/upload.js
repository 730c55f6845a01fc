// upload.js - sends a file by tus: a line that drops, a daemon that restarts
// and a page that is left in the middle cost nothing.
import '/web/vendor/tus.min.js';
import {ApiError, call, getKey} from '/web/api.js';

const {Upload} = window.tus;
// About three minutes: a daemon that is replaced is back by then. What was sent
// stays known after that, too: the same file chosen again goes on.
const RETRY_MS = [0, 500, 1000, 2000, 4000, 8000, ...Array(16).fill(10000)];
const WAIT_S = 30;

function mayHelp(error) {
  const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
  return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
}

function readable(error) {
  if (!error.originalResponse)
    return new Error('The connection was lost; choose the file again to go on.');
  let problem = null;
  try {
    problem = JSON.parse(error.originalResponse.getBody());
  } catch {
    // Not ours: its status says enough.
  }
  return new ApiError(error.originalResponse.getStatus(), problem);
}

// Resolves to the id of the asset.
function send(file, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new Upload(file, {
      endpoint: '/v1/uploads',
      headers: {Authorization: `Bearer ${getKey()}`},
      metadata: {filename: file.name, filetype: file.type},
      retryDelays: RETRY_MS,
      removeFingerprintOnSuccess: true,
      onShouldRetry: mayHelp,
      onProgress,
      onError: (error) => reject(readable(error)),
      onSuccess: ({lastResponse}) => resolve(lastResponse.getHeader('Reeld-Asset')),
    });
    sending.findPreviousUploads().then((earlier) => {
      if (earlier.length > 0)
        sending.resumeFromPreviousUpload(earlier[0]);
      sending.start();
    }).catch(reject);
  });
}

export async function upload(file, onProgress) {
  const id = await send(file, onProgress);
  let asset = await call('GET', `/v1/assets/${id}`);
  // Where the last answer was lost it may still be looked at.
  while (asset.state === 'uploaded')
    asset = await call('GET', `/v1/assets/${id}?wait=${WAIT_S}`);
  if (asset.state === 'rejected')
    throw new Error(asset.error.detail);
  return asset;
}
