/**
 * A single-page app behind Vestibule: it knows five routes (/login, /session, /session/refresh,
 * /session/events, /logout) and its API below /api. It never sees a token.
 */

const byId = (id) => document.getElementById(id);

/** Every call that changes something, and every call of the API, carries this header (CSRF rule). */
const CSRF = { 'X-CSRF': '1' };

const ENDINGS = {
  logout: 'You are logged out.',
  backchannel: 'Your identity provider ended the session.',
  revoked: 'The session was ended from another place.',
  replaced: 'A newer login took the place of this session.',
  idle: 'The session ended because nothing happened for a while.',
  absolute: 'The session reached its time limit.',
  provider: 'Your identity provider ended the session.',
  refresh_failed: 'Your identity provider no longer renews the session.',
  refresh_lost: 'The session could not be renewed.',
};

/** The answer of GET /session while somebody is logged in. */
let session;
/** Tells what happens to the session, in whichever tab or place; there while somebody is logged in. */
let events;
/** What each bar counts as full, in seconds. */
let full = {};

function say(text, kind = 'info') {
  byId('status').textContent = text;
  byId('status').dataset.kind = kind;
}

/** Epoch seconds of a number (seconds) or an ISO date; undefined when there is none. */
function instant(value) {
  const seconds = typeof value === 'number' ? value : Date.parse(value) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}

const now = () => Date.now() / 1000;

function inWords(seconds) {
  const left = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return `${minutes}:${String(rest).padStart(2, '0')}`;
}

function logIn() {
  const { pathname, search, hash } = location;
  location.href = `/login?return_to=${encodeURIComponent(pathname + search + hash)}`;
}

/** Sends a request; answers {status, body}, where the body is JSON, text or undefined. */
async function send(path, options = {}) {
  const response = await fetch(path, {
    ...options,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', ...options.headers },
  });
  const text = await response.text();
  try {
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

function problemText({ status, body }) {
  if (status === 503) return 'Not available for a moment. You are still logged in; try again.';
  return body?.detail ?? body?.title ?? `The answer was ${status}.`;
}

function showClaims({ user = {}, provider }) {
  const rows = [
    ['Name', user.name],
    ['E-mail', user.email],
    ['Groups', Array.isArray(user.groups) ? user.groups.join(', ') || 'none' : user.groups],
    ['Subject', user.sub],
    ['Provider', provider],
  ].filter(([, value]) => value !== undefined && value !== null);
  byId('claims').replaceChildren(
    ...rows.flatMap(([label, value]) => {
      const [term, description] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = label;
      description.textContent = value;
      return [term, description];
    }),
  );
}

function showTimer(name, end) {
  const known = end !== undefined;
  const left = known ? Math.max(0, end - now()) : 0;
  byId(`${name}-left`).textContent = known ? inWords(left) : 'unknown';
  byId(`${name}-bar`).max = Math.max(1, full[name] ?? left);
  byId(`${name}-bar`).value = left;
}

function deadlines() {
  return {
    idle: instant(session?.idle_expires_at),
    absolute: instant(session?.absolute_expires_at),
    token: instant(session?.access_token_expires_at),
  };
}

function showTimers() {
  for (const [name, end] of Object.entries(deadlines())) showTimer(name, end);
}

function show(member) {
  const changed = byId('member').hidden === member;
  byId('guest').hidden = member;
  byId('member').hidden = !member;
  byId('log-out').hidden = !member;
  document.title = member ? 'Vestibule demo' : 'Log in · Vestibule demo';
  // Only after a change that the person asked for or has to notice; not when the page opens.
  if (changed && document.body.dataset.ready) byId(member ? 'member-title' : 'guest-title').focus();
}

function showMember(answer) {
  const ends = [answer.idle_expires_at, answer.absolute_expires_at, answer.access_token_expires_at];
  const [idle, absolute, token] = ends.map((end) => (instant(end) ?? now()) - now());
  const total = instant(answer.absolute_expires_at) - instant(answer.created_at);
  const renewed = answer.access_token_expires_at !== session?.access_token_expires_at;
  full = { idle, absolute: total || absolute, token: renewed ? token : full.token };
  session = answer;
  byId('user-name').textContent = answer.user?.name ?? answer.user?.email ?? answer.user?.sub ?? '';
  showClaims(answer);
  showTimers();
  show(true);
  listen();
}

/** The browser comes back to the stream by itself, until it is told to stay away or cannot. */
function listen() {
  if (events !== undefined && events.readyState !== EventSource.CLOSED) return;
  events = new EventSource('/session/events');
  events.addEventListener('ended', ({ data }) => showGuest(JSON.parse(data).reason));
  events.addEventListener('renewed', () => void look());
  events.addEventListener('expiring', () => say('The session is about to end.', 'problem'));
}

function stopListening() {
  events?.close();
  events = undefined;
}

/** The one place where a session ends, whatever told us: a 401, a deadline, an event. */
function showGuest(reason) {
  stopListening();
  const wasMember = session !== undefined;
  session = undefined;
  const text = ENDINGS[reason] ?? (wasMember ? 'The session has ended.' : '');
  byId('api-result').textContent = 'Nothing called yet.';
  show(false);
  say(text);
}

/** Asks who is there; `touch: false` only looks and does not extend the session. */
async function whoIsThere({ touch = true } = {}) {
  const answer = await send(touch ? '/session' : '/session?touch=false');
  if (answer.status === 200) showMember(answer.body);
  else if (answer.status === 401) showGuest(answer.body?.reason);
  else say(problemText(answer), 'problem');
}

function showResult({ status, body }) {
  const text = typeof body === 'string' ? body : JSON.stringify(body, undefined, 2);
  byId('api-result').textContent = `${status}\n${text ?? ''}`;
}

async function callApi(options) {
  const answer = await send('/api/orders', {
    ...options,
    headers: { ...CSRF, ...options?.headers },
  });
  // A 401 can be the API's or Vestibule's: only GET /session knows whether the session has ended.
  if (answer.status === 401) {
    await whoIsThere();
    if (session === undefined) return;
  }
  showResult(answer);
  say(
    answer.status < 400 ? 'The API answered.' : problemText(answer),
    answer.status < 400 ? 'info' : 'problem',
  );
  if (answer.status < 400) await whoIsThere({ touch: false });
}

async function sendOrder() {
  await callApi({
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ item: byId('order-item').value }),
  });
}

async function refresh() {
  const answer = await send('/session/refresh', { method: 'POST', headers: CSRF });
  if (answer.status === 401) return showGuest(answer.body?.reason);
  if (answer.status !== 200) return say(problemText(answer), 'problem');
  showMember(answer.body);
  return say('Tokens and claims are fresh.');
}

async function logOut() {
  const answer = await send('/logout', { method: 'POST', headers: CSRF });
  if (answer.status === 200) location.href = answer.body.location;
  else if (answer.status === 401) showGuest(answer.body?.reason);
  else say(problemText(answer), 'problem');
}

/** Runs one action per button at a time, and says so when the network fails. */
function guarded(button, action) {
  const run = async (event) => {
    button.setAttribute('aria-busy', 'true');
    try {
      await action(event);
    } catch {
      say('The server cannot be reached. Try again.', 'problem');
    } finally {
      button.removeAttribute('aria-busy');
    }
  };
  return (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-busy') !== 'true') void run(event);
  };
}

function onClick(id, action) {
  byId(id).addEventListener('click', guarded(byId(id), action));
}

onClick('log-in', logIn);
onClick('log-out', logOut);
onClick('call-api', () => callApi());
onClick('refresh', refresh);
const orderForm = byId('order-form');
orderForm.addEventListener('submit', guarded(orderForm.querySelector('button'), sendOrder));

const look = () => whoIsThere({ touch: false }).catch(() => undefined);
let asked;

setInterval(() => {
  if (session === undefined) return;
  showTimers();
  const { idle, absolute } = deadlines();
  const end = Math.min(idle ?? Infinity, absolute ?? Infinity);
  if (end > now() || asked === end) return;
  asked = end;
  void look();
}, 1000);

// Another tab may have logged in or out meanwhile; a page from the back-forward cache is old by nature.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void look();
});
// An open stream would keep the page out of the back-forward cache.
window.addEventListener('pagehide', stopListening);
window.addEventListener('pageshow', (event) => {
  if (event.persisted) void look();
});

async function start() {
  await whoIsThere().catch(() => say('The server cannot be reached. Reload the page.', 'problem'));
  document.body.dataset.ready = 'true';
  const url = new URL(location.href);
  if (!url.searchParams.has('login_error')) return;
  say('The login did not succeed.', 'problem');
  url.searchParams.delete('login_error');
  history.replaceState(history.state, '', url);
}

await start();
