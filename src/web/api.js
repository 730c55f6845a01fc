// api.js - calls of /v1 with the key of this tab.
//
// The key lives in sessionStorage: this tab only, gone when it closes. It may
// arrive once behind a #, which browsers never send to a server.

const NAME = 'reeld-key';

export function takeKeyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (!key)
    return;
  sessionStorage.setItem(NAME, key);
  history.replaceState(null, '', location.pathname + location.search);
}

export const getKey = () => sessionStorage.getItem(NAME) || '';
export const setKey = (key) => sessionStorage.setItem(NAME, key);

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export async function call(method, path, body) {
  const headers = {Authorization: `Bearer ${getKey()}`};
  if (body !== undefined)
    headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const response = await fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
  const text = await response.text();
  const json = text ? JSON.parse(text) : null;
  if (!response.ok)
    throw new ApiError(response.status, json);
  return json;
}
