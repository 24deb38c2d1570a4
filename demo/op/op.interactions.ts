import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InteractionResults, Provider } from 'oidc-provider';
import { loginPage, messagePage, pageHeaders } from './op.pages.ts';
import type { DemoUser } from './users.ts';

const MAX_FORM = 4096;

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_FORM) throw new RangeError('form too large');
  }
  return new URLSearchParams(text);
}

function resultOf(
  form: URLSearchParams,
  users: readonly DemoUser[],
): InteractionResults | undefined {
  if (form.has('cancel')) {
    return { error: 'access_denied', error_description: 'The user cancelled the login' };
  }
  const user = users.find((one) => one.sub === form.get('user'));
  if (user === undefined) return undefined;
  return { login: { accountId: user.sub, acr: 'urn:vestibule:demo:click', amr: ['user'] } };
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders).end(html);
}

/** Serves `/interaction/{uid}`: shows the login page, takes its answer, and passes consent by itself. */
export async function handleInteraction(
  provider: Provider,
  users: readonly DemoUser[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response).catch(() => undefined);
  if (details === undefined) {
    sendPage(
      response,
      400,
      messagePage('This login has ended', ['Go back to the app and start again.']),
    );
    return;
  }
  if (details.prompt.name === 'consent') {
    await provider.interactionFinished(
      request,
      response,
      { consent: {} },
      { mergeWithLastSubmission: true },
    );
    return;
  }
  const result = request.method === 'POST' ? resultOf(await readForm(request), users) : undefined;
  if (result !== undefined) {
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    });
    return;
  }
  const { client_id: clientId, login_hint: loginHint } = details.params;
  const client = await provider.Client.find(String(clientId));
  sendPage(
    response,
    200,
    loginPage({
      action: `/interaction/${details.uid}`,
      client: client?.clientName ?? String(clientId),
      users,
      loginHint: typeof loginHint === 'string' ? loginHint : undefined,
    }),
  );
}

const ASSETS: Readonly<Record<string, string>> = {
  '/assets/op.css': 'text/css; charset=utf-8',
  '/assets/submit.js': 'text/javascript; charset=utf-8',
};

/** Serves the two files that the pages load; false when the path is not one of them. */
export async function handleAsset(path: string, response: ServerResponse): Promise<boolean> {
  const type = ASSETS[path];
  if (type === undefined) return false;
  const content = await readFile(new URL(`.${path}`, import.meta.url));
  response
    .writeHead(200, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' })
    .end(content);
  return true;
}
