// SPDX-License-Identifier: MIT
// problem.js - what every error must look like (RFC 9457).
import assert from 'node:assert/strict';

const seen = new Set();

// `answer` is of fetch(); gives the document.
export async function isProblem(answer, status, code) {
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json', text);
  assert.ok(answer.headers.get('x-request-id'));
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  const body = JSON.parse(text);
  assert.equal(body.status, status);
  assert.equal(body.code, code, text);
  assert.ok(body.title && body.detail);
  // Its type is a page that we serve.
  if (!seen.has(body.type))
    assert.equal((await fetch(body.type)).status, 200);
  seen.add(body.type);
  return body;
}
